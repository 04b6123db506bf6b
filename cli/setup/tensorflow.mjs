import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ensureCached } from './cache.mjs';
import { withLock } from './lock.mjs';
import { say } from './screen.mjs';
import { isCached, isLinked, linkFromCache } from './tensorflow-link.mjs';
import { installOfficially, mayReachOfficialHost } from './tensorflow-official.mjs';
import { buildFromPyPI, PYPI_TENSORFLOW } from './tensorflow-pypi.mjs';

/**
 * Gives tfjs-node its native library. Two ways: its own install script, and, where its host can not be
 * reached, libtensorflow out of a PyPI wheel. Either result is kept in the cache: `npm ci` wipes
 * node_modules, and a second clone should not download 200 MB again.
 * @param {string} project
 */
export async function ensureTensorflow(project) {
  const tfjs = join(project, 'node_modules', '@tensorflow', 'tfjs-node');
  if (isLinked(tfjs)) return;
  await withLock(join(project, 'var', '.setup.lock'), async () => {
    if (isLinked(tfjs)) return;
    const { version } = JSON.parse(readFileSync(join(tfjs, 'package.json'), 'utf8'));
    const here = `tfjs-node-${version}-${process.platform}-${process.arch}`;
    const official = `${here}-official`;
    const pypi = `${here}-tensorflow-${PYPI_TENSORFLOW}`;
    const found = [official, pypi].find(isCached);
    if (found) {
      linkFromCache(found, tfjs);
      return;
    }

    if (await mayReachOfficialHost()) {
      say('Installing TensorFlow by the install script of tfjs-node (about 150 MB): the models run on it.');
      try {
        await ensureCached(
          official,
          (entry) => installOfficially(project, tfjs, entry),
          () => isCached(official),
        );
        linkFromCache(official, tfjs);
        return;
      } catch (error) {
        say(`That did not work: ${/** @type {Error} */ (error).message}`);
      }
    }
    await ensureCached(
      pypi,
      (entry) => buildFromPyPI(project, tfjs, entry),
      () => isCached(pypi),
    );
    linkFromCache(pypi, tfjs);
  });
}
