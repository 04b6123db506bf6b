import { copyFileSync, cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from './command.mjs';
import { problem } from './problem.mjs';
import { ADDON, loads } from './tensorflow-link.mjs';

/** Variables that send tfjs-node's download through a proxy or to another host. */
const DETOURS = [
  'TFJS_NODE_BASE_URI',
  'TFJS_NODE_CDN_STORAGE',
  'CDN_STORAGE',
  'HTTPS_PROXY',
  'https_proxy',
  'HTTP_PROXY',
  'http_proxy',
];

/** Asked first: the install script itself has no time-out. */
export async function mayReachOfficialHost() {
  if (DETOURS.some((name) => process.env[name])) return true;
  try {
    await fetch('https://storage.googleapis.com/tensorflow/', {
      method: 'HEAD',
      signal: AbortSignal.timeout(10_000),
    });
    return true;
  } catch {
    return false;
  }
}

/**
 * Lets tfjs-node's own script download libtensorflow and its addon, and copies both into a cache entry.
 * @param {string} project
 * @param {string} tfjs the package's folder
 * @param {string} entry
 */
export async function installOfficially(project, tfjs, entry) {
  rmSync(join(tfjs, 'deps'), { recursive: true, force: true });
  const { ok, output } = await runCommand(
    'npm',
    ['rebuild', '@tensorflow/tfjs-node', '--foreground-scripts'],
    { cwd: project, minutes: 30, show: process.stderr.isTTY },
  );
  if (!ok) throw problem('TENSORFLOW_SCRIPT_FAILED', lastLine(output) || 'the script failed.');
  const addon = join(tfjs, ADDON);
  const libraries = join(tfjs, 'deps', 'lib');
  const loaded = await loads(addon, libraries);
  if (!loaded.ok) throw problem('TENSORFLOW_DOES_NOT_LOAD', lastLine(loaded.output));
  cpSync(libraries, join(entry, 'lib'), { recursive: true, verbatimSymlinks: true });
  copyFileSync(addon, join(entry, 'tfjs_binding.node'));
}

/** @param {string} output */
const lastLine = (output) => output.split('\n').at(-1)?.trim() ?? '';
