import { copyFileSync, existsSync, mkdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { cacheDirectory } from './cache.mjs';
import { runCommand } from './command.mjs';

/** Where tfjs-node looks for its addon. Node-API 8 is the newest that tfjs-node 4 asks for. */
export const ADDON = join('lib', 'napi-v8', 'tfjs_binding.node');

const LIBRARY = process.platform === 'darwin' ? 'libtensorflow.2.dylib' : 'libtensorflow.so.2';

/**
 * Whether addon and library are in place, by whatever way: a plain `npm install` counts.
 * @param {string} tfjs the package's folder
 */
export function isLinked(tfjs) {
  return existsSync(join(tfjs, ADDON)) && existsSync(join(tfjs, 'deps', 'lib', LIBRARY));
}

/** @param {string} name of a cache entry: `lib/` and `tfjs_binding.node` */
export function isCached(name) {
  const entry = join(cacheDirectory(), name);
  return existsSync(join(entry, 'tfjs_binding.node')) && existsSync(join(entry, 'lib', LIBRARY));
}

/**
 * Puts a cache entry where tfjs-node expects it. The library stays in the
 * cache behind a link; the addon is copied, since it looks for `../../deps/lib` from its real path.
 * @param {string} name of the entry
 * @param {string} tfjs the package's folder
 */
export function linkFromCache(name, tfjs) {
  const entry = join(cacheDirectory(), name);
  const deps = join(tfjs, 'deps');
  rmSync(deps, { recursive: true, force: true });
  symlinkSync(entry, deps);

  const addon = join(tfjs, ADDON);
  mkdirSync(join(addon, '..'), { recursive: true });
  copyFileSync(join(entry, 'tfjs_binding.node'), `${addon}.new`);
  renameSync(`${addon}.new`, addon);
}

/**
 * Whether the addon loads on this machine: an older C library or a processor without AVX shows here.
 * @param {string} addon
 * @param {string} libraries folder of libtensorflow
 */
export function loads(addon, libraries) {
  return runCommand(process.execPath, ['-e', `process.dlopen({ exports: {} }, ${JSON.stringify(addon)})`], {
    minutes: 2,
    env: { LD_LIBRARY_PATH: libraries, DYLD_LIBRARY_PATH: libraries, TF_CPP_MIN_LOG_LEVEL: '3' },
  });
}
