import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { copyFile, mkdir, readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { EtiquetteError } from '../../errors.ts';
import { forEachConcurrently } from '../concurrency.ts';
import { hashFile } from '../manifest.ts';

const FILES_AT_ONCE = 4;

/** A file of a version: where it comes from, and its place in the version's folder. */
export interface SourceFile {
  /** With forward slashes. All files under one first segment are one output, with one pointer. */
  readonly path: string;
  readonly source: string;
  /** What it must be, where that is known already. */
  readonly sha256?: string;
}

/** An output's content: `sha256` of a folder is that of its sorted lines `<path>\t<sha256>`. */
export interface Content {
  readonly bytes: number;
  readonly files: number;
  readonly sha256: string;
}

export const outputOf = (path: string): string => path.split('/', 1)[0] ?? path;

/**
 * Copies the files, never links them: what is hashed, added and recorded is one content then, whatever happens to a
 * catalogue's folder meanwhile and later. Copies share blocks where the file system can.
 * @throws EtiquetteError VERSION_SOURCE_CHANGED
 */
export async function copyIn(
  folder: string,
  files: readonly SourceFile[],
  signal: AbortSignal,
): Promise<void> {
  for (const parent of new Set(files.map(({ path }) => dirname(path)))) {
    await mkdir(join(folder, parent), { recursive: true });
  }
  await forEachConcurrently(files, FILES_AT_ONCE, async ({ path, source, sha256 }) => {
    signal.throwIfAborted();
    const copy = join(folder, path);
    await copyFile(source, copy, constants.COPYFILE_FICLONE);
    if (sha256 === undefined || (await hashFile(copy)) === sha256) return;
    throw new EtiquetteError(
      'VERSION_SOURCE_CHANGED',
      `${source} was changed since it was read. Leave the folder alone while a run is under way, and start again.`,
    );
  });
}

/** Size and hash of an output on disk. */
export async function contentOf(path: string, signal: AbortSignal): Promise<Content> {
  const facts = await stat(path);
  if (facts.isFile()) return { bytes: facts.size, files: 1, sha256: await hashFile(path) };
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  let bytes = 0;
  const lines: string[] = [];
  await forEachConcurrently(files, FILES_AT_ONCE, async (file) => {
    signal.throwIfAborted();
    const { size } = await stat(file);
    bytes += size;
    lines.push(`${file.slice(path.length + 1).replaceAll('\\', '/')}\t${await hashFile(file)}\n`);
  });
  const sha256 = createHash('sha256').update(lines.sort().join('')).digest('hex');
  return { bytes, files: files.length, sha256 };
}
