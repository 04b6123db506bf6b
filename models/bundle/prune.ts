import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { removeWhole } from '../../data/remove.ts';

/** In the bundle store: a folder with bundle.json for each bundle that was pruned. */
export const prunedFolder = (bundles: string): string => join(bundles, '.pruned');

/** Removes a bundle from the store. Its bundle.json stays: by it the lineage of what the bundle did is still told. */
export async function pruneBundle(root: string, version: string): Promise<void> {
  const memory = join(prunedFolder(root), version);
  await mkdir(memory, { recursive: true });
  await copyFile(join(root, version, 'bundle.json'), join(memory, 'bundle.json'));
  await removeWhole(join(root, version));
}
