import { readdir, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';

/** Notes in a file's or folder's time that it is used: what nobody uses is pruned after STAGES_DAYS. */
export async function noteUse(path: string): Promise<void> {
  const now = new Date();
  // On a file system that forbids it, the time of the last change has to do.
  await utimes(path, now, now).catch(() => {});
}

/** The same for every file in a folder, at any depth. */
export async function noteUseOfAll(folder: string): Promise<void> {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  for (const name of names) await noteUse(join(folder, name));
}

/** When a file, or a folder and what lies directly in it, was last used or changed; milliseconds since 1970. */
export async function lastUse(path: string): Promise<number> {
  const own = await stat(path);
  if (!own.isDirectory()) return own.mtimeMs;
  const inside = await Promise.all(
    (await readdir(path)).map((name) =>
      stat(join(path, name)).then(
        ({ mtimeMs }) => mtimeMs,
        () => 0,
      ),
    ),
  );
  return Math.max(own.mtimeMs, ...inside);
}
