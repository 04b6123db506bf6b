import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { onPath, runCommand } from './command.mjs';
import { withLock } from './lock.mjs';
import { problem } from './problem.mjs';
import { say } from './screen.mjs';

const STAGE = '.node_modules-';

/**
 * Installs node_modules when they are not what package-lock.json says. npm writes its own record of what it
 * installed as its last act, so an interrupted install is seen, and a plain `npm install` counts too.
 *
 * Install scripts stay off: tfjs-node's downloads a library and fails the whole install where its host can
 * not be reached. tensorflow.mjs does that part with a second way.
 * @param {string} project
 */
export async function ensureNodeModules(project) {
  if (areInstalled(project)) return;
  await withLock(join(project, 'var', '.setup.lock'), async () => {
    if (areInstalled(project)) return;
    const npm = onPath('npm');
    if (!npm)
      throw problem('NPM_MISSING', 'npm was not found. Install it together with Node, then try again.');
    say('Installing the node modules of package-lock.json (about 30 s): they are missing or out of date.');
    for (const left of readdirSync(project).filter((name) => name.startsWith(STAGE))) {
      // A killed set-up may have left an npm that still writes there: then the next set-up clears it.
      await rm(join(project, left), { recursive: true, force: true }).catch(() => {});
    }
    const stage = mkdtempSync(join(project, STAGE));
    try {
      await install(npm, project, stage);
    } finally {
      await rm(stage, { recursive: true, force: true });
    }
  });
}

/**
 * Installs in a staging folder and swaps: npm goes on when only its parent is killed, and two npm in one
 * folder would trip over each other.
 * @param {string} npm
 * @param {string} project
 * @param {string} stage
 */
async function install(npm, project, stage) {
  for (const file of ['package.json', 'package-lock.json', '.npmrc']) {
    copyFileSync(join(project, file), join(stage, file));
  }
  const { ok, output } = await runCommand(npm, ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: stage,
    minutes: 30,
    show: process.stderr.isTTY,
    env: { npm_config_loglevel: 'error', npm_config_update_notifier: 'false' },
  });
  if (!ok) {
    throw problem(
      'NPM_FAILED',
      `npm ci did not succeed. Check the network and npm's settings, then run the command again.\n${reason(output)}`,
    );
  }
  const modules = join(project, 'node_modules');
  if (existsSync(modules)) renameSync(modules, join(stage, 'replaced'));
  renameSync(join(stage, 'node_modules'), modules);
}

/**
 * npm's own words without the page of usage that it adds.
 * @param {string} output
 */
const reason = (output) => output.split('\nnpm error Clean install')[0]?.slice(0, 2000);

/** @param {string} project */
export function areInstalled(project) {
  const wanted = packages(join(project, 'package-lock.json'));
  const found = packages(join(project, 'node_modules', '.package-lock.json'));
  if (!wanted)
    throw problem(
      'LOCK_FILE_MISSING',
      'package-lock.json is missing. Restore it with "git checkout package-lock.json".',
    );
  if (!found) return false;
  return Object.entries(wanted).every(([path, { version, optional }]) => {
    if (path === '') return true;
    // Optional packages of other platforms are never installed.
    return path in found ? found[path]?.version === version : optional === true;
  });
}

/**
 * @param {string} file
 * @returns {Record<string, { version?: string, optional?: boolean }> | null}
 */
function packages(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages ?? null;
  } catch {
    return null;
  }
}
