import { join } from 'node:path';
import { ensureCached } from '../cli/setup/cache.mjs';
import { dvc, wishDvc } from '../cli/setup/dvc.mjs';
import { isCached, linkFromCache } from '../cli/setup/tensorflow-link.mjs';
import { buildFromPyPI, PYPI_TENSORFLOW } from '../cli/setup/tensorflow-pypi.mjs';

// What images install beyond node_modules: `node docker/install.mjs tensorflow|dvc`, in the folder of the project.
const project = process.cwd();

/** One way only, where `npm run setup` takes what it reaches: an image built anywhere has the same library. */
async function tensorflow() {
  const entry = `tfjs-node-tensorflow-${PYPI_TENSORFLOW}`;
  const tfjs = join(project, 'node_modules', '@tensorflow', 'tfjs-node');
  await ensureCached(
    entry,
    (stage) => buildFromPyPI(project, tfjs, stage),
    () => isCached(entry),
  );
  linkFromCache(entry, tfjs);
}

async function versions() {
  await wishDvc(project);
  if (dvc() === null) throw new Error('DVC was not installed; the lines above say why.');
}

await { tensorflow, dvc: versions }[/** @type {'tensorflow' | 'dvc'} */ (process.argv[2])]();
