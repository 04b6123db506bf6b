import { type ChildProcess, fork } from 'node:child_process';
import { createRequire } from 'node:module';
import { getPriority, setPriority } from 'node:os';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { EtiquetteError } from '../../errors.ts';
import type { RunOptions } from './jobs.ts';
import { type FromChild, fromPlainError, type JobMap, type ToChild } from './messages.ts';

const QUEUE_LIMIT = 256;
/** How long a child may take to stop by itself before it is killed. */
const GRACE_MS = 3_000;
const LAST_WORDS_MS = 500;
/** The last lines of a dead child's output say why it died. */
const TAIL_LINES = 20;

export interface SupervisorOptions {
  readonly name: string;
  /** The child's module; it calls `serveJobs`. */
  readonly entry: URL;
  readonly env: Readonly<Record<string, string>>;
  readonly idleSeconds?: number;
  readonly log?: (line: string) => void;
  /** 1 to 19: by so much the child makes way for its parent and others when cores are short. */
  readonly niceness?: number;
}

export interface Supervisor<J extends JobMap<J>> {
  run<N extends keyof J & string>(
    job: N,
    input: J[N]['input'],
    options?: RunOptions,
  ): Promise<J[N]['output']>;
  readonly pid: number | undefined;
  exited(): Promise<void>;
  close(): Promise<void>;
}

interface Task {
  readonly id: number;
  readonly job: string;
  readonly input: unknown;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: RunOptions['onProgress'];
  readonly onWorked: RunOptions['onWorked'];
  resolve(output: unknown): void;
  reject(reason: unknown): void;
  onAbort(): void;
}

/** Keeps one child process for the jobs of `entry`: starts, feeds, restarts and stops it. */
export function supervise<J extends JobMap<J>>(options: SupervisorOptions): Supervisor<J> {
  const queue: Task[] = [];
  let child: ChildProcess | undefined;
  let tail: string[] = [];
  let current: Task | undefined;
  let lastId = 0;
  let idleTimer: NodeJS.Timeout | undefined;
  let killTimer: NodeJS.Timeout | undefined;
  let closing: Promise<void> | undefined;

  function start(): ChildProcess {
    const started = fork(fileURLToPath(options.entry), [], {
      // An absolute URL: the child finds tsx whatever its working directory is.
      execArgv: ['--import', pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href],
      env: options.env,
      serialization: 'advanced',
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    if (options.niceness !== undefined && started.pid !== undefined) makeWay(started.pid, options.niceness);
    const lines: string[] = [];
    tail = lines;
    for (const stream of [started.stdout, started.stderr]) {
      if (stream) readLines(stream, lines, options.log);
    }
    started.on('message', (message: FromChild) => onMessage(message));
    started.on('error', (error) => onEnd(started, `could not be started or reached (${error.message})`, {}));
    started.on('exit', (exitCode, signal) =>
      onEnd(started, signal ? `was killed by ${signal}` : `ended with exit code ${exitCode}`, {
        exitCode,
        signal,
      }),
    );
    return started;
  }

  function next(): void {
    if (current) return;
    current = queue.shift();
    clearTimeout(idleTimer);
    if (!current) {
      if (child && options.idleSeconds !== undefined) {
        idleTimer = setTimeout(() => void stopChild(), options.idleSeconds * 1000);
        idleTimer.unref();
      }
      return;
    }
    const task = current;
    try {
      // A child whose channel is closed is dead or dying, though its exit may not have been told yet.
      if (!child?.connected) child = start();
      send(child, { type: 'run', id: task.id, job: task.job, input: task.input });
    } catch (error) {
      finish(task, () => task.reject(error));
    }
  }

  function onMessage(message: FromChild): void {
    const task = current;
    if (!task || task.id !== message.id) return;
    if (message.type === 'progress') return void task.onProgress?.(message.progress);
    task.onWorked?.(message.worked);
    if (task.signal?.aborted) finish(task, () => task.reject(task.signal?.reason));
    else if (message.type === 'done') finish(task, () => task.resolve(message.output));
    else finish(task, () => task.reject(fromPlainError(message.error)));
  }

  function onEnd(ended: ChildProcess, how: string, details: Record<string, unknown>): void {
    if (ended !== child) return;
    child = undefined;
    clearTimeout(idleTimer);
    options.log?.(`[${options.name}] the ML process ${how}`);
    const task = current;
    if (!task) return;
    const settle = () => {
      if (current !== task) return;
      finish(task, () => {
        if (task.signal?.aborted) task.reject(task.signal.reason);
        else task.reject(died(options.name, task.job, how, { ...details, output: tail }));
      });
    };
    // Its last words are still in the pipes; a grandchild may hold those open for longer than is of interest.
    const timer = setTimeout(settle, LAST_WORDS_MS);
    ended.once('close', () => {
      clearTimeout(timer);
      settle();
    });
  }

  function finish(task: Task, settle: () => void): void {
    clearTimeout(killTimer);
    task.signal?.removeEventListener('abort', task.onAbort);
    if (current === task) current = undefined;
    settle();
    next();
  }

  function abort(task: Task): void {
    if (task !== current) {
      const place = queue.indexOf(task);
      if (place >= 0) queue.splice(place, 1);
      task.reject(task.signal?.reason);
      return;
    }
    const running = child;
    if (!running) return;
    if (running.connected) send(running, { type: 'abort', id: task.id });
    killTimer = setTimeout(() => running.kill('SIGKILL'), GRACE_MS);
  }

  /** The child leaves when its channel closes; it is killed when it does not. */
  async function stopChild(): Promise<void> {
    const stopping = child;
    child = undefined;
    clearTimeout(idleTimer);
    if (!stopping || stopping.exitCode !== null || stopping.signalCode !== null) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => stopping.kill('SIGKILL'), GRACE_MS);
      stopping.once('exit', () => {
        clearTimeout(timer);
        resolve();
      });
      if (stopping.connected) stopping.disconnect();
    });
  }

  return {
    run(job, input, { signal, onProgress, onWorked } = {}) {
      if (closing !== undefined) return Promise.reject(closedError(options.name));
      if (signal?.aborted) return Promise.reject(signal.reason);
      if (queue.length >= QUEUE_LIMIT) return Promise.reject(queueFull(options.name));
      return new Promise((resolve, reject) => {
        lastId += 1;
        const onAbort = () => abort(task);
        const task: Task = { id: lastId, job, input, signal, onProgress, onWorked, resolve, reject, onAbort };
        signal?.addEventListener('abort', onAbort, { once: true });
        queue.push(task);
        next();
      });
    },
    get pid() {
      return child?.pid;
    },
    async exited() {
      const living = child;
      // A process that could not be started has an error and no exit.
      if (living) await new Promise((resolve) => living.once('exit', resolve).once('error', resolve));
    },
    close() {
      if (closing !== undefined) return closing;
      closing = stopChild();
      const open = current ? [current, ...queue.splice(0)] : [];
      for (const task of open) finish(task, () => task.reject(closedError(options.name)));
      return closing;
    },
  };
}

function send(child: ChildProcess, message: ToChild): void {
  // A failed write means that the child is gone; its exit event tells the story.
  child.send(message, () => {});
}

function readLines(stream: Readable, tail: string[], log: ((line: string) => void) | undefined): void {
  createInterface({ input: stream }).on('line', (line) => {
    if (tail.push(line) > TAIL_LINES) tail.shift();
    log?.(line);
  });
}

function died(name: string, job: string, how: string, details: Record<string, unknown>): EtiquetteError {
  const hint =
    details.signal === 'SIGKILL'
      ? ' Out of memory? Look at the system log; more memory or smaller batches help.'
      : '';
  return new EtiquetteError(
    'ML_PROCESS_DIED',
    `The ML process "${name}" ${how} while it did ${job}. It is started again for the next job.${hint}`,
    { retryable: true, details: { job, ...details } },
  );
}

function closedError(name: string): EtiquetteError {
  return new EtiquetteError(
    'ML_PROCESS_CLOSED',
    `The ML process "${name}" is closed because its owner is stopping. Run the job again elsewhere.`,
    { retryable: true },
  );
}

function queueFull(name: string): EtiquetteError {
  return new EtiquetteError(
    'ML_QUEUE_FULL',
    `The ML process "${name}" has ${QUEUE_LIMIT} jobs waiting. Try again later.`,
    { retryable: true },
  );
}

/** At once: threads that the child starts later inherit it. One that is gone already is told of by its exit. */
function makeWay(pid: number, niceness: number): void {
  try {
    setPriority(pid, Math.min(getPriority() + niceness, 19));
  } catch (error) {
    if ((error as { info?: { code?: string } }).info?.code !== 'ESRCH') throw error;
  }
}
