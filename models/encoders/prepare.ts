import { existsSync } from 'node:fs';
import { hashFile } from '../../data/manifest.ts';
import { EtiquetteError } from '../../errors.ts';
import { prepareLite0 } from '../image/efficientnet/prepare.ts';
import { prepareVgg16 } from '../image/vgg16/weights.ts';
import type { JobProgress } from '../runtime/jobs.ts';
import { adoptEncoder } from './adopt.ts';
import { encoderDirectory, type InstalledEncoder, readEncoder } from './descriptor.ts';
import { prepareUse } from './use-prepare.ts';

/** A frozen network's weights, kept once beside the bundles and referenced by hash. */
export interface Encoder {
  readonly name: string;
  /** A file, or the folder of an encoder with a descriptor. */
  readonly file: string;
  readonly sha256: string;
  /** Where the weights come from, in words: a bundle says so. */
  readonly source: string;
}

export interface EncoderOptions {
  /** Where VGG16's own weights are. */
  readonly url: string;
  /** Folders of the operator's own encoders, which stand in for the built-in ones with a descriptor; null: none. */
  readonly own: { readonly image: string | null; readonly text: string | null };
  readonly directory: string;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: JobProgress) => void;
  readonly log: { info(message: string): void; warn(message: string): void };
}

/**
 * Brings an encoder's weights to this host, once: a built-in one, or the operator's own in its place.
 * @throws EtiquetteError ENCODER_UNAVAILABLE (retryable), ENCODER_UNKNOWN, and of an own one as `adoptEncoder`
 */
export async function prepareEncoder(name: string, options: EncoderOptions): Promise<Encoder> {
  if (name === 'vgg16') return { name, ...(await prepareVgg16(options)) };
  if (name === 'efficientnet-lite0') {
    const own = options.own.image;
    return named(own ? await adoptEncoder(own, 'image', options.directory) : await prepareLite0(options));
  }
  if (name === 'use-multilingual-3') {
    const own = options.own.text;
    return named(own ? await adoptEncoder(own, 'text', options.directory) : await prepareUse(options));
  }
  const known = 'vgg16, efficientnet-lite0, use-multilingual-3';
  throw new EtiquetteError('ENCODER_UNKNOWN', `No encoder "${name}". Known: ${known}.`);
}

function named({ directory, sha256, descriptor }: InstalledEncoder): Encoder {
  return { name: descriptor.name, file: directory, sha256, source: descriptor.source };
}

/**
 * Finds an encoder that a bundle refers to, a file or a folder with a descriptor, and checks it.
 * @throws EtiquetteError ENCODER_MISSING, ENCODER_CHANGED
 */
export async function findEncoder(
  directory: string,
  encoder: Pick<Encoder, 'name' | 'sha256'>,
): Promise<string> {
  const place = encoderDirectory(directory, encoder);
  const file = `${place}.safetensors`;
  const sha256 = existsSync(file)
    ? await hashFile(file)
    : existsSync(place)
      ? (await readEncoder(place)).sha256
      : null;
  if (sha256 === encoder.sha256) return existsSync(file) ? file : place;
  const message = `The encoder ${encoder.name} (${encoder.sha256.slice(0, 12)}) is missing in ${directory} or damaged. Train again, or put it back.`;
  throw new EtiquetteError('ENCODER_MISSING', message);
}
