import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { hashFile } from '../../data/manifest.ts';
import { EtiquetteError } from '../../errors.ts';
import { canonicalJson } from '../bundle/format.ts';

export const DESCRIPTOR = 'encoder.json';
export const MODEL = 'model.onnx';

const name = z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/);
const fileName = z.string().regex(/^[\w-][\w.-]{0,127}$/);
const perChannel = z.tuple([z.number(), z.number(), z.number()]);

const common = {
  format: z.literal(1),
  name,
  /** Where the weights come from, in words. */
  source: z.string().min(1),
  licence: z.string().min(1),
  /** Every file of the folder but encoder.json. */
  files: z.record(fileName, z.object({ sha256: z.string().regex(/^[0-9a-f]{64}$/) })),
  output: z.strictObject({
    name: z.string().min(1),
    features: z.number().int().positive(),
    /**
     * How [1, tokens, features] becomes one row: mean of all tokens (a text is encoded alone, so none is padding),
     * cls: the first token's. none, the default: the output is [1, features] already.
     */
    pooling: z.enum(['none', 'mean', 'cls']).optional(),
  }),
};

export const imageEncoderSchema = z.strictObject({
  ...common,
  kind: z.literal('image'),
  input: z.strictObject({
    name: z.string().min(1),
    /** float32 [1, 3, size, size] or [1, size, size, 3], red first. */
    layout: z.enum(['NCHW', 'NHWC']),
    size: z.number().int().min(16).max(1024),
    /** (x - mean) * scale, per channel, of values 0..255. */
    mean: perChannel,
    scale: perChannel,
    resize: z.enum(['lanczos', 'nearest']),
  }),
});

export const textEncoderSchema = z.strictObject({
  ...common,
  kind: z.literal('text'),
  /** sentencepiece: a SentencePiece .model; huggingface: a tokenizer.json. */
  tokenizer: z.strictObject({ file: fileName, kind: z.enum(['sentencepiece', 'huggingface']) }),
  input: z.strictObject({
    /**
     * The model's inputs, all int64 [1, tokens], by what they are given: the tokens' ids; and where it has them a mask
     * (ones) and the tokens' types (zeros).
     */
    names: z.strictObject({ ids: z.string(), mask: z.string().optional(), types: z.string().optional() }),
    /** A longer text loses its end. */
    maxTokens: z.number().int().min(3),
    /** Put before every text, as some encoders were trained ("query: "). */
    prefix: z.string().optional(),
  }),
});

/** What a program must know to use somebody's ONNX export as an encoder: encoder.json. */
export const encoderSchema = z.discriminatedUnion('kind', [imageEncoderSchema, textEncoderSchema]);
export type ImageEncoderDescriptor = z.infer<typeof imageEncoderSchema>;
export type TextEncoderDescriptor = z.infer<typeof textEncoderSchema>;
export type EncoderDescriptor = z.infer<typeof encoderSchema>;

/** An encoder on this host, its files checked. */
export interface InstalledEncoder<Descriptor extends EncoderDescriptor = EncoderDescriptor> {
  readonly directory: string;
  /** Of the descriptor, hence of all files: bundles refer to the encoder by it. */
  readonly sha256: string;
  readonly descriptor: Descriptor;
}

/** Formatting and the order of names do not count. */
export function encoderHash(descriptor: EncoderDescriptor): string {
  return createHash('sha256').update(canonicalJson(descriptor)).digest('hex');
}

export function encoderDirectory(root: string, encoder: { name: string; sha256: string }): string {
  return join(root, `${encoder.name}-${encoder.sha256.slice(0, 12)}`);
}

/**
 * What an encoder's folder says of itself; its files are not looked at.
 * @throws EtiquetteError ENCODER_MISSING, ENCODER_DESCRIPTOR_INVALID
 */
export async function readDescriptor(directory: string): Promise<Omit<InstalledEncoder, 'directory'>> {
  const text = await readFile(join(directory, DESCRIPTOR), 'utf8').catch((cause: unknown) => {
    throw new EtiquetteError(
      'ENCODER_MISSING',
      `${directory} holds no ${DESCRIPTOR}. Add it, or prepare it.`,
      {
        cause,
      },
    );
  });
  const descriptor = parseDescriptor(text, join(directory, DESCRIPTOR));
  return { sha256: encoderHash(descriptor), descriptor };
}

/**
 * Reads an encoder's folder and checks every file of it.
 * @throws EtiquetteError ENCODER_MISSING, ENCODER_DESCRIPTOR_INVALID, ENCODER_CHANGED
 */
export async function readEncoder(directory: string): Promise<InstalledEncoder> {
  const { sha256, descriptor } = await readDescriptor(directory);
  for (const [file, { sha256: expected }] of Object.entries(descriptor.files)) {
    const found = await hashFile(join(directory, file)).catch((cause: unknown) => {
      throw new EtiquetteError(
        'ENCODER_MISSING',
        `${join(directory, file)} cannot be read, though ${DESCRIPTOR} names it. Put the file back.`,
        { cause },
      );
    });
    if (found !== expected) {
      throw new EtiquetteError(
        'ENCODER_CHANGED',
        `${join(directory, file)} has the SHA-256 ${found}, and ${DESCRIPTOR} says ${expected}. Put the right file ` +
          'back; when the new one is meant, write its hash into the descriptor.',
      );
    }
  }
  return { directory, sha256, descriptor };
}

/**
 * Installs an encoder as `<root>/<name>-<first 12 of its hash>/`: written beside, then renamed. The same files
 * and words give the same folder; one that is there and sound is kept, a damaged one is replaced.
 * @param files name to bytes, model.onnx among them
 * @throws EtiquetteError ENCODER_DESCRIPTOR_INVALID
 */
export async function writeEncoder<Descriptor extends EncoderDescriptor>(
  root: string,
  words: Omit<Descriptor, 'files' | 'format'>,
  files: Readonly<Record<string, Uint8Array>>,
): Promise<InstalledEncoder> {
  const hashes = Object.entries(files).map(([file, bytes]) => [
    file,
    { sha256: createHash('sha256').update(bytes).digest('hex') },
  ]);
  const text = JSON.stringify({ format: 1, ...words, files: Object.fromEntries(hashes) }, null, 2);
  const descriptor = parseDescriptor(text, 'The descriptor');
  const directory = encoderDirectory(root, { name: descriptor.name, sha256: encoderHash(descriptor) });
  const written = { directory, sha256: encoderHash(descriptor), descriptor };
  if (await isSound(directory)) return written;

  const beside = join(root, `.${descriptor.name}-${randomUUID()}`);
  await mkdir(beside, { recursive: true });
  try {
    for (const [file, bytes] of Object.entries(files)) await writeThrough(join(beside, file), bytes);
    await writeThrough(join(beside, DESCRIPTOR), Buffer.from(`${text}\n`));
    await putInPlace(beside, directory);
  } finally {
    await rm(beside, { recursive: true, force: true });
  }
  return written;
}

export const isSound = (directory: string): Promise<boolean> =>
  readEncoder(directory).then(
    () => true,
    () => false,
  );

/** A folder cannot be renamed onto one with files: another process was quicker, or a damaged one lies there. */
export async function putInPlace(beside: string, directory: string): Promise<void> {
  try {
    await rename(beside, directory);
  } catch (error) {
    // Never removed in place, where a reader would find half of it.
    if (await isSound(directory)) return;
    const damaged = `${beside}-damaged`;
    await rename(directory, damaged).catch(() => {
      throw error;
    });
    await rename(beside, directory);
    await rm(damaged, { recursive: true });
  }
}

/** On disk before the folder gets its name: a folder of that name is whole. */
async function writeThrough(file: string, bytes: Uint8Array): Promise<void> {
  const handle = await open(file, 'wx');
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function parseDescriptor(text: string, where: string): EncoderDescriptor {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw invalid(where, 'it is not JSON', cause);
  }
  const { success, data, error } = encoderSchema.safeParse(value);
  if (!success) throw invalid(where, z.prettifyError(error), error);
  const needed = data.kind === 'text' ? [MODEL, data.tokenizer.file] : [MODEL];
  for (const file of needed) if (!(file in data.files)) throw invalid(where, `its files lack ${file}`);
  if (DESCRIPTOR in data.files) throw invalid(where, `its files name ${DESCRIPTOR} itself`);
  return data;
}

function invalid(where: string, why: string, cause?: unknown): EtiquetteError {
  return new EtiquetteError(
    'ENCODER_DESCRIPTOR_INVALID',
    `${where} does not describe an encoder: ${why}. models/encoders/descriptor.ts says what belongs there.`,
    cause === undefined ? {} : { cause },
  );
}
