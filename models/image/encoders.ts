import { EtiquetteError } from '../../errors.ts';
import type { JobProgress } from '../runtime/jobs.ts';
import { prepareVgg16 } from './vgg16/weights.ts';

/** A frozen network's weights, kept once beside the bundles and referenced by hash. */
export interface Encoder {
  readonly name: string;
  readonly file: string;
  readonly sha256: string;
  /** Where the weights come from, in words: a bundle says so. */
  readonly source: string;
}

export interface EncoderOptions {
  readonly url: string;
  readonly directory: string;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: JobProgress) => void;
  readonly log: { info(message: string): void; warn(message: string): void };
}

/** Brings an encoder's weights to this host, once. @throws EtiquetteError ENCODER_UNAVAILABLE. */
export async function prepareEncoder(name: string, options: EncoderOptions): Promise<Encoder> {
  if (name !== 'vgg16') throw new EtiquetteError('ENCODER_UNKNOWN', `No encoder "${name}". Known: vgg16.`);
  return { name, ...(await prepareVgg16(options)) };
}

/** `<encoders>/<name>-<first 12 of its hash>.safetensors`. */
export function encoderFile(directory: string, encoder: { name: string; sha256: string }): string {
  return `${directory}/${encoder.name}-${encoder.sha256.slice(0, 12)}.safetensors`;
}
