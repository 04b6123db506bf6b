import { randomUUID } from 'node:crypto';
import { readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

const ASIDE = '.removed-';

/**
 * Removes a folder that others may look for meanwhile: it is moved aside first, so they find all of it or nothing.
 * One that is gone already is no error.
 */
export async function removeWhole(folder: string): Promise<void> {
  const aside = join(dirname(folder), `${ASIDE}${basename(folder)}-${randomUUID()}`);
  try {
    await rename(folder, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  await rm(aside, { recursive: true, force: true });
}

/** Finishes what a killed `removeWhole` left in a folder. */
export async function sweepRemoved(root: string): Promise<void> {
  for (const name of await readdir(root).catch(() => [])) {
    if (name.startsWith(ASIDE)) await rm(join(root, name), { recursive: true, force: true });
  }
}
