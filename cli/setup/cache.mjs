import { mkdirSync, mkdtempSync, readdirSync, renameSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { withLock } from './lock.mjs';

/** Where downloaded tools live: outside the project, so that every clone shares them and `npm ci` spares them. */
export function cacheDirectory() {
  const { ETIQUETTE_CACHE, XDG_CACHE_HOME } = process.env;
  if (ETIQUETTE_CACHE) return resolve(ETIQUETTE_CACHE);
  return join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'etiquette');
}

/**
 * Makes an entry of the cache in a staging folder beside it and renames it into place, so that an entry is
 * either whole or absent, whatever kills the set-up.
 * @param {string} name a versioned folder name
 * @param {(stage: string) => Promise<void>} make
 * @param {() => boolean} isThere asked again under the lock: another clone may have been quicker
 */
export async function ensureCached(name, make, isThere) {
  const cache = cacheDirectory();
  await withLock(join(cache, '.lock'), async () => {
    if (isThere()) return;
    for (const entry of readdirSync(cache)) {
      // Nobody else is staging while we hold the lock: these are left by a killed set-up.
      if (entry.startsWith('.stage-')) await rm(join(cache, entry), { recursive: true, force: true });
    }
    const stage = mkdtempSync(join(cache, '.stage-'));
    try {
      const entry = join(stage, 'entry');
      mkdirSync(entry);
      await make(entry);
      await rm(join(cache, name), { recursive: true, force: true });
      renameSync(entry, join(cache, name));
    } finally {
      await rm(stage, { recursive: true, force: true });
    }
  });
}
