import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { cacheDirectory, ensureCached } from '../cli/setup/cache.mjs';
import { makePythonEnvironment, PYTHONS, pythonIn } from '../cli/setup/python-environment.mjs';
import { EtiquetteError } from '../errors.ts';

const PEERS = fileURLToPath(new URL('peers/', import.meta.url));
const RUN_TIMEOUT_MS = 3 * 60 * 60_000;

export interface PeerRun<T> {
  readonly result: T;
  /** From start to end, Python's start included. */
  readonly wallSeconds: number;
  /** Of all its threads, as the process asked the kernel about itself at its end. */
  readonly cpuSeconds: number;
  readonly peakRssBytes: number;
}

/**
 * Runs `bench/peers/<name>.py` in its own Python environment, with the packages of `<name>.txt`: `input` goes in
 * as JSON on stdin, its answer comes back as JSON on stdout; what it prints goes to `say`.
 * @throws EtiquetteError PYTHON_UNSUPPORTED or DOWNLOAD_FAILED when the environment cannot be made, PEER_FAILED when the peer fails.
 */
export async function runPeer<T>(
  name: string,
  input: unknown,
  say: (line: string) => void,
): Promise<PeerRun<T>> {
  const python = await peerPython(name, say);
  return runPython<T>(python, join(PEERS, `${name}.py`), input, say);
}

/** As runPeer, with a given Python and script. */
export async function runPython<T>(
  python: string,
  script: string,
  input: unknown,
  say: (line: string) => void,
): Promise<PeerRun<T>> {
  const from = performance.now();
  const child = spawn(python, [script], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, PYTHONPATH: PEERS, PYTHONDONTWRITEBYTECODE: '1' },
    timeout: RUN_TIMEOUT_MS,
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  let last = '';
  const lines = createInterface({ input: child.stderr });
  lines.on('line', (line) => {
    if (line.trim() === '') return;
    last = line;
    say(line);
  });
  const heard = once(lines, 'close');
  // A peer that dies early closes its input; its exit code tells why.
  child.stdin.on('error', () => {});
  child.stdin.end(JSON.stringify(input));
  const [answer, code] = await Promise.all([text(child.stdout), ended, heard]);
  const wallSeconds = (performance.now() - from) / 1000;
  if (code !== 0) {
    throw new EtiquetteError('PEER_FAILED', `${script} ended with ${code ?? child.signalCode}: ${last}`);
  }
  const { result, usage } = JSON.parse(answer) as {
    result: T;
    usage: { cpuSeconds: number; peakRssBytes: number };
  };
  return { result, wallSeconds, ...usage };
}

/** The Python of a peer's environment, which is made in the user's cache when it is not there. */
export async function peerPython(name: string, say: (line: string) => void): Promise<string> {
  const requirements = join(PEERS, `${name}.txt`);
  const hash = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 12);
  const entry = `peer-${name}-${hash}`;
  const python = pythonIn(join(cacheDirectory(), entry));
  if (existsSync(python)) return python;
  say(`Making a Python environment for the peer ${name} in ${join(cacheDirectory(), entry)}, once.`);
  await ensureCached(
    entry,
    (stage) =>
      makePythonEnvironment(stage, { name: `The peer ${name}`, requirements, python: PYTHONS[3.11] }),
    () => existsSync(python),
  );
  return python;
}
