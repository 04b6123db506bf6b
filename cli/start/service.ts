import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createStream, type RotatingFileStream } from 'rotating-file-stream';
import { PROJECT } from '../../config.ts';
import { EtiquetteError } from '../../errors.ts';
import type { Janitor } from './janitor.ts';

const READY_WITHIN_MS = 120_000;
const STOPPED_WITHIN_MS = 15_000;
/** A process that lived this long has recovered: the count of its deaths begins anew. */
const HEALTHY_AFTER_MS = 60_000;
const MOST_DEATHS = 5;

export interface ServiceOptions {
  /** For people, and for the log's file name. */
  readonly name: string;
  readonly command: readonly [program: string, ...args: string[]];
  readonly env: NodeJS.ProcessEnv;
  readonly logDirectory: string;
  /** Resolves when the new process can be used. */
  readonly isReady: (child: ChildProcess, signal: AbortSignal) => Promise<void>;
  /** Before the first restart; it doubles each time. */
  readonly firstPauseMs: number;
  readonly janitor: Janitor;
  readonly say: (line: string) => void;
  /** Called once when it keeps dying. */
  readonly onGivenUp: (error: EtiquetteError) => void;
}

/** A process that is started again when it dies, with growing pauses, and no more than a few times. */
export interface Service {
  /** @throws EtiquetteError SERVICE_FAILED with its last words when the first start fails */
  start(): Promise<void>;
  /** Tells it to stop, and kills it and its children when it does not within 15 s. */
  stop(): Promise<void>;
}

export function createService(options: ServiceOptions): Service {
  const { name, logDirectory, say } = options;
  let log: RotatingFileStream | undefined;
  let child: ChildProcess | undefined;
  let restart: NodeJS.Timeout | undefined;
  let lastWords: string[] = [];
  let deaths = 0;
  let up = false;
  let stopping = false;

  function launch(): ChildProcess {
    const startedAt = Date.now();
    // A process group of its own: Ctrl-C at the terminal reaches only us, and we stop everything in order.
    const [program, ...args] = options.command;
    const started = spawn(program, args, {
      cwd: PROJECT,
      env: options.env,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    const group = started.pid;
    if (group !== undefined) options.janitor.watch(group);
    started.on('error', (error) => {
      lastWords = [error.message];
    });
    for (const stream of [started.stdout, started.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        log?.write(chunk);
        lastWords = [...lastWords, ...`${chunk}`.trimEnd().split('\n')].slice(-8);
      });
    }
    started.on('exit', () => killGroup(started));
    // Comes after the last words, and for a program that could not be started too.
    started.on('close', () => {
      if (group !== undefined) options.janitor.forget(group);
      if (stopping || !up) return;
      deaths = Date.now() - startedAt > HEALTHY_AFTER_MS ? 1 : deaths + 1;
      if (deaths > MOST_DEATHS) {
        options.onGivenUp(failed(`ended ${deaths} times in a row`));
        return;
      }
      const pause = options.firstPauseMs * 2 ** (deaths - 1);
      say(`The ${name} ended unexpectedly; starting it again in ${pause / 1000} s (log: ${logFile}).`);
      restart = setTimeout(() => {
        child = launch();
      }, pause);
    });
    return started;
  }

  const logName = `${name.toLowerCase().replaceAll(' ', '-')}.log`;
  const logFile = join(logDirectory, logName);
  const failed = (what: string) =>
    new EtiquetteError(
      'SERVICE_FAILED',
      `The ${name} ${what}. Its last words (more in ${logFile}):\n${lastWords.map((line) => `  ${line}`).join('\n')}`,
    );

  return {
    async start() {
      log = createStream(logName, { path: logDirectory, size: '5M', rotate: 3 });
      log.on('error', (error) => say(`The log of the ${name} can not be written: ${error.message}`));
      const started = launch();
      child = started;
      const waiting = new AbortController();
      try {
        await Promise.race([
          options.isReady(started, waiting.signal),
          once(started, 'close', { signal: waiting.signal })
            .catch(() => {})
            .then(() => {
              throw failed('ended while it started');
            }),
          new Promise((_resolve, reject) => {
            const timer = setTimeout(
              () => reject(failed('did not get ready in two minutes')),
              READY_WITHIN_MS,
            );
            waiting.signal.addEventListener('abort', () => clearTimeout(timer));
          }),
        ]);
        up = true;
      } catch (error) {
        await end(started);
        throw error;
      } finally {
        waiting.abort();
      }
    },
    async stop() {
      stopping = true;
      clearTimeout(restart);
      if (child) await end(child);
      const open = log;
      log = undefined;
      if (open) await new Promise<void>((resolve) => open.end(resolve));
    },
  };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const gone = once(child, 'exit');
    child.kill('SIGTERM');
    const timer = setTimeout(() => killGroup(child), STOPPED_WITHIN_MS);
    await gone;
    clearTimeout(timer);
  }
  killGroup(child);
}

/** What a process leaves behind when it dies badly: its own children. */
function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // Nobody left.
  }
}

/** For processes that send `{ type: 'ready' }`. */
export function saysReady(child: ChildProcess, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const listen = (message: unknown) => {
      if ((message as { type?: unknown } | null)?.type === 'ready') resolve();
    };
    child.on('message', listen);
    signal.addEventListener('abort', () => child.off('message', listen));
  });
}
