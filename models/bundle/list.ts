import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bundle } from './format.ts';
import { readBundle } from './load.ts';

/** Every bundle in the store, oldest first. A folder that is no sound bundle is left out. */
export async function listBundles(root: string): Promise<Bundle[]> {
  const names = await readdir(root).catch(() => [] as string[]);
  const bundles: Bundle[] = [];
  for (const name of names) {
    if (!/^[0-9a-f]{16}$/.test(name)) continue;
    const bundle = await readBundle(join(root, name)).catch(() => null);
    if (bundle) bundles.push(bundle);
  }
  return bundles.sort((a, b) => (a.madeBy.at < b.madeBy.at ? -1 : 1));
}
