import { mkdir, readlink, rm, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { CatalogueRef, PictureRef } from './catalogue.ts';
import type { Increment } from './corrections.ts';

/** Where the increment lies beside the catalogue. */
export const CORRECTIONS = 'corrections';

/** A picture of the increment, as a dataset's rows name it. */
export function inIncrement({ file, sha256 }: PictureRef): PictureRef {
  return { file: `${CORRECTIONS}/${file}`, sha256 };
}

/**
 * The folder that a dataset's pictures are relative to: the catalogue's, or with corrections one in `directory` that
 * links to both. Copying the pictures would cost as much disk again; links are made anew when a folder has moved.
 */
export async function picturesDirectory(
  directory: string,
  catalogue: CatalogueRef,
  increment: Increment | undefined,
): Promise<string> {
  if (increment === undefined) return catalogue.directory;
  const pictures = join(directory, 'pictures');
  const { images } = catalogue.files;
  await link(join(pictures, images), join(catalogue.directory, images));
  await link(join(pictures, CORRECTIONS), increment.catalogue.directory);
  return pictures;
}

async function link(path: string, target: string): Promise<void> {
  if ((await readlink(path).catch(() => null)) === target) return;
  await mkdir(dirname(path), { recursive: true });
  await rm(path, { force: true });
  // A junction needs no special right on Windows; elsewhere the word is ignored.
  await symlink(target, path, 'junction');
}
