import { copyFile, mkdir, rename, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { EtiquetteError, isEtiquetteError } from '../errors.ts';
import type { CatalogueFiles, CatalogueRef } from './catalogue.ts';
import { downloadFile } from './download.ts';
import { extractPictures } from './extract.ts';
import type { Timeouts } from './http.ts';
import { PICTURE_FOLDERS, takeInventory } from './manifest.ts';
import type { Retry } from './retry.ts';

export interface FetchOptions {
  /** A base URL (http, https) or a folder. */
  readonly source: string;
  /** The work folder: manifest.json goes there, and whatever is downloaded or extracted. One for each source. */
  readonly directory: string;
  readonly files: CatalogueFiles;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: { fraction: number; message: string }) => void;
  readonly timeouts?: Partial<Timeouts>;
  readonly retry?: Partial<Retry>;
}

/** Where a work folder keeps the list of its catalogue's files. */
export function manifestOf(directory: string): string {
  return join(directory, 'manifest.json');
}

/** Where the stages of a fetch end on the progress bar. */
const STEPS = { download: 0.7, extract: 0.9, hash: 1 };

/**
 * Brings a catalogue to local disk and lists its content. It goes on where an earlier call was stopped.
 * - A folder with pictures is used where it is and never written to.
 * - A folder with an archive of pictures: its tables are copied and its pictures extracted into `directory`.
 * - A URL: everything is downloaded into `directory`; the test table and the pictures may be missing there.
 * A catalogue without any picture is allowed; the check reports it.
 * @throws EtiquetteError CATALOGUE_NOT_FOUND, CATALOGUE_ARCHIVE_* (see openPictureArchive), DOWNLOAD_* (see
 *   downloadFile)
 */
export async function fetchCatalogue(options: FetchOptions): Promise<CatalogueRef> {
  const { files, signal } = options;
  const directory = resolve(options.directory);
  await mkdir(directory, { recursive: true });
  const { home, archive } = /^https?:\/\//i.test(options.source)
    ? await fromUrl(options.source, directory, options)
    : await fromFolder(resolve(options.source), directory, options);
  const catalogue = await takeInventory({
    directory: home,
    files,
    manifest: manifestOf(directory),
    signal,
    onFraction: (part) => {
      const fraction = STEPS.extract + part * (STEPS.hash - STEPS.extract);
      options.onProgress?.({ fraction, message: 'Hashing the catalogue' });
    },
  });
  return archive === null ? catalogue : { ...catalogue, archive };
}

/** Where the catalogue is from now on, and the archive that its pictures were unpacked from. */
interface Fetched {
  readonly home: string;
  readonly archive: string | null;
}

async function fromFolder(source: string, directory: string, options: FetchOptions): Promise<Fetched> {
  const { files } = options;
  if (!(await exists(join(source, files.xTrain))) && !(await exists(join(source, files.xTest)))) {
    throw new EtiquetteError(
      'CATALOGUE_NOT_FOUND',
      `${source} holds neither ${files.xTrain} nor ${files.xTest}. Give the folder that holds them.`,
    );
  }
  const archive = join(source, files.imagesArchive);
  if ((await exists(join(source, files.images))) || !(await exists(archive))) {
    return { home: source, archive: null };
  }
  for (const name of [files.xTrain, files.yTrain, files.xTest]) {
    const target = join(directory, name);
    if (await exists(join(source, name))) {
      await copyFile(join(source, name), `${target}.tmp`);
      await rename(`${target}.tmp`, target);
    } else await rm(target, { force: true });
  }
  await extract(archive, directory, options);
  return { home: directory, archive };
}

async function fromUrl(base: string, directory: string, options: FetchOptions): Promise<Fetched> {
  const { files, signal, timeouts, retry } = options;
  // Small tables first: what is wrong with them shows before gigabytes of pictures are fetched.
  const wanted = [
    { name: files.yTrain, needed: true, share: 0.02 },
    { name: files.xTrain, needed: true, share: 0.05 },
    { name: files.xTest, needed: false, share: 0.03 },
    { name: files.imagesArchive, needed: false, share: 0.9 },
  ];
  let before = 0;
  for (const { name, needed, share } of wanted) {
    const file = join(directory, name);
    const start = before;
    try {
      await downloadFile({
        url: new URL(name, base.endsWith('/') ? base : `${base}/`).href,
        file,
        onProgress: ({ bytes, total }) => {
          const part = total === null || total === 0 ? 0 : bytes / total;
          const message = `Downloading ${name}: ${Math.round(bytes / 1e6)}${total === null ? '' : ` of ${Math.round(total / 1e6)}`} MB`;
          options.onProgress?.({ fraction: (start + part * share) * STEPS.download, message });
        },
        ...(signal === undefined ? {} : { signal }),
        ...(timeouts === undefined ? {} : { timeouts }),
        ...(retry === undefined ? {} : { retry }),
      });
    } catch (error) {
      if (needed || !isEtiquetteError(error) || error.code !== 'DOWNLOAD_NOT_FOUND') throw error;
      // Gone from the source: a copy from an earlier fetch would be a lie.
      await rm(file, { force: true });
    }
    before += share;
  }
  const archive = join(directory, files.imagesArchive);
  if (await exists(archive)) {
    await extract(archive, directory, options).catch(async (error: unknown) => {
      // Damaged on this disk or on the server: either way the next fetch must not trust this copy.
      if (isEtiquetteError(error) && error.code === 'CATALOGUE_ARCHIVE_CORRUPT')
        await rm(archive, { force: true });
      throw error;
    });
    return { home: directory, archive };
  }
  for (const folder of PICTURE_FOLDERS) {
    await rm(join(directory, files.images, folder), { recursive: true, force: true });
  }
  return { home: directory, archive: null };
}

async function extract(archive: string, directory: string, options: FetchOptions): Promise<void> {
  await extractPictures({
    archive,
    directory: join(directory, options.files.images),
    signal: options.signal,
    onFraction: (part) => {
      const fraction = STEPS.download + part * (STEPS.extract - STEPS.download);
      options.onProgress?.({ fraction, message: 'Extracting pictures' });
    },
  });
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
