import { createHash } from 'node:crypto';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { writeAtomic } from '../../../data/atomic.ts';
import { EtiquetteError } from '../../../errors.ts';
import { createRowReader, encodeHeader, readHeader } from '../../encoders/feature-file.ts';

/** A text's name in the store. */
export const keyOf = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Features of texts on disk, by the texts' content. */
export interface SentenceStore {
  has(key: string): boolean;
  /** Writes features, row-major [keys * featureSize], as one more file: it is there whole or not at all. */
  add(keys: readonly string[], features: Float32Array): Promise<void>;
  /** @throws EtiquetteError FEATURES_MISSING, FEATURES_CORRUPT */
  read(key: string, row: Float32Array): void;
  close(): void;
}

export interface StoreOptions {
  /** The folder of all features; each encoder has its own in it. */
  readonly directory: string;
  readonly encoder: { readonly name: string; readonly sha256: string };
  readonly featureSize: number;
}

/** Opens what earlier trainings left, whole files only. In memory is where each text is, not its features. */
export async function openSentenceStore({
  directory,
  encoder,
  featureSize,
}: StoreOptions): Promise<SentenceStore> {
  const home = join(directory, `${encoder.name}-${encoder.sha256.slice(0, 12)}`);
  await mkdir(home, { recursive: true });
  const places = new Map<string, { readonly file: string; readonly position: number }>();
  const rowBytes = featureSize * Float32Array.BYTES_PER_ELEMENT;
  const note = (file: string, items: readonly string[], bytes: number) => {
    items.forEach((item, row) => {
      places.set(item, { file, position: bytes + row * rowBytes });
    });
  };
  for (const name of (await readdir(home)).filter((file) => file.endsWith('.safetensors')).sort()) {
    const file = join(home, name);
    const { items, bytes } = await readHeader(file);
    note(file, items, bytes);
  }
  const reader = createRowReader();
  return {
    has: (key) => places.has(key),
    async add(items, features) {
      const header = encodeHeader({ featureSize, items, encoder: encoder.sha256 });
      const file = join(home, `${keyOf(items.join(' ')).slice(0, 16)}.safetensors`);
      const rows = Buffer.from(features.buffer, features.byteOffset, features.byteLength);
      await writeAtomic(file, Buffer.concat([header, rows]));
      note(file, items, header.length);
    },
    read(key, row) {
      const place = places.get(key);
      if (!place) {
        throw new EtiquetteError(
          'FEATURES_MISSING',
          `There are no features of a text in ${home}. Encode it first.`,
        );
      }
      reader.read(place.file, place.position, row);
    },
    close: () => reader.close(),
  };
}
