import { join } from 'node:path';
import { EtiquetteError } from '../../errors.ts';
import { openPictureArchive } from '../archive.ts';
import type { CatalogueRef, DatasetRef } from '../catalogue.ts';
import type { Increment } from '../corrections.ts';
import { contentHash, type Manifest, readManifest } from '../manifest.ts';
import { CORRECTIONS } from '../merged-pictures.ts';
import type { SourceFile } from './content.ts';

/**
 * The files of a dataset version: the tables, the pictures (the archive where there was one, else the folder), and
 * split.json, by which the same rows can be drawn again; corrections as a catalogue of their own in `corrections/`.
 * @throws EtiquetteError VERSION_SOURCE_CHANGED when the catalogue is no longer the one that was split
 */
export async function datasetFiles(
  catalogue: CatalogueRef,
  dataset: DatasetRef,
  increment?: Increment,
): Promise<SourceFile[]> {
  const { directory, files, archive } = catalogue;
  const manifest = await manifestOf(catalogue);
  const inFolder = `${files.images}/`;
  const isPicture = (name: string) => name.startsWith(inFolder);
  if (archive !== undefined) {
    const wanted = Object.entries(manifest).filter(([name]) => isPicture(name));
    const sizes = new Map(wanted.map(([name, { bytes }]) => [name.slice(inFolder.length), bytes]));
    if (!(await holds(archive, sizes))) throw changed(archive);
  }
  return [
    ...sources(manifest, directory, (name) => archive === undefined || !isPicture(name)),
    ...(archive === undefined ? [] : [{ path: files.imagesArchive, source: archive }]),
    { path: 'split.json', source: join(dataset.directory, 'split.json') },
    ...(increment ? await correctionFiles(increment) : []),
  ];
}

async function correctionFiles({ catalogue }: Increment): Promise<SourceFile[]> {
  const files = sources(await manifestOf(catalogue), catalogue.directory, () => true);
  return files.map(({ path, ...file }) => ({ ...file, path: `${CORRECTIONS}/${path}` }));
}

async function manifestOf(catalogue: CatalogueRef): Promise<Manifest> {
  const manifest = await readManifest(catalogue.manifest);
  if (contentHash(manifest) !== catalogue.contentHash) throw changed(catalogue.directory);
  return manifest;
}

function sources(manifest: Manifest, directory: string, wanted: (name: string) => boolean): SourceFile[] {
  return Object.entries(manifest)
    .filter(([name]) => wanted(name))
    .map(([name, { sha256 }]) => ({ path: name, source: join(directory, name), sha256 }));
}

/** Names and sizes: the pictures themselves were checked when they were unpacked. */
async function holds(archive: string, sizes: ReadonlyMap<string, number>): Promise<boolean> {
  const { zip, pictures } = await openPictureArchive(archive);
  zip.close();
  return (
    pictures.length === sizes.size &&
    pictures.every(({ file, entry }) => sizes.get(file) === entry.uncompressedSize)
  );
}

function changed(what: string): EtiquetteError {
  return new EtiquetteError(
    'VERSION_SOURCE_CHANGED',
    `${what} was changed since it was read. Leave it alone while a run is under way, and start again.`,
  );
}
