import { cp, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { EtiquetteError } from '../../errors.ts';
import { contentOf } from './content.ts';
import type { VersionOutput } from './record.ts';

/**
 * Whether a folder holds exactly a version's files. One that is missing or empty does not.
 * @throws EtiquetteError FOLDER_NOT_EMPTY when it holds anything else
 */
export async function holdsVersion(
  folder: string,
  outputs: readonly VersionOutput[],
  signal: AbortSignal,
): Promise<boolean> {
  const names = await readdir(folder).catch(() => []);
  if (names.length === 0) return false;
  const wanted = outputs.map(({ path }) => path);
  const same =
    names.length === wanted.length &&
    names.every((name) => wanted.includes(name)) &&
    (await damaged(folder, outputs, signal)) === null;
  if (same) return true;
  throw new EtiquetteError(
    'FOLDER_NOT_EMPTY',
    `${folder} holds something else. Name a new or empty folder: --to FOLDER.`,
  );
}

/**
 * Moves pulled outputs from DVC's workspace into a folder, once every byte was checked: beside it first, so that
 * the folder has all of them or none.
 * @throws EtiquetteError VERSION_DAMAGED
 */
export async function handOver(
  workspace: string,
  folder: string,
  outputs: readonly VersionOutput[],
  signal: AbortSignal,
): Promise<void> {
  const wrong = await damaged(workspace, outputs, signal);
  if (wrong !== null) {
    throw new EtiquetteError(
      'VERSION_DAMAGED',
      `${wrong} is not what was recorded: the cache or the remote was changed. Delete DVC's cache (files/md5 in .dvc/cache) and pull again; if that does not help, the remote is damaged.`,
    );
  }
  const beside = `${folder}.${process.pid}.part`;
  await rm(beside, { recursive: true, force: true });
  await mkdir(beside, { recursive: true });
  try {
    for (const { path } of outputs) await move(join(workspace, path), join(beside, path));
    // Takes the place of an empty folder too.
    await rename(beside, folder);
  } finally {
    await rm(beside, { recursive: true, force: true });
  }
}

/** @returns the first output that is missing or is not as it was, or null */
async function damaged(
  folder: string,
  outputs: readonly VersionOutput[],
  signal: AbortSignal,
): Promise<string | null> {
  for (const { path, sha256 } of outputs) {
    const content = await contentOf(join(folder, path), signal).catch(() => {
      signal.throwIfAborted();
      return null;
    });
    if (content?.sha256 !== sha256) return path;
  }
  return null;
}

async function move(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error;
    await cp(from, to, { recursive: true });
    await rm(from, { recursive: true, force: true });
  }
}
