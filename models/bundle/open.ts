import { join } from 'node:path';
import { type KnownWords, openKnownWords } from '../drift/known-words.ts';
import { findEncoder } from '../encoders/prepare.ts';
import { family } from '../families.ts';
import type { ImageModel, TextModel } from '../family.ts';
import type { Bundle } from './format.ts';
import { readBundle, verifyFiles } from './load.ts';
import { readReference } from './reference.ts';

/** A bundle in memory, with its encoders. */
export interface OpenBundle {
  readonly bundle: Bundle;
  readonly text: TextModel;
  readonly image: ImageModel;
  /** Of the training, which its stream is watched by; null: it is not watched. */
  readonly known: KnownWords | null;
}

/**
 * Loads a bundle's models after checking every file against its hash. In the ML child process only.
 * @throws EtiquetteError BUNDLE_..., MODEL_..., ENCODER_...
 */
export async function openBundle(directory: string, encoders: string): Promise<OpenBundle> {
  const bundle = await readBundle(directory);
  await verifyFiles(directory, bundle);
  const { text: textEncoder, image: imageEncoder } = bundle.encoders;
  const files = {
    text: textEncoder && (await findEncoder(encoders, textEncoder)),
    image: await findEncoder(encoders, imageEncoder),
  };
  const recipes = family(bundle.family);
  const text = await recipes.text.load(join(directory, 'text'), files.text);
  const image = await recipes.image.load(join(directory, 'image'), files.image);
  return { bundle, text, image, known: await knownWords(directory, bundle) };
}

/** A reference that this release cannot read keeps no bundle from serving. */
async function knownWords(directory: string, bundle: Bundle): Promise<KnownWords | null> {
  try {
    const reference = await readReference(directory, bundle);
    return reference && openKnownWords(reference.knownWords);
  } catch (error) {
    console.warn(`bundle ${bundle.version} is not watched: ${error}`);
    return null;
  }
}

export function disposeBundle({ text, image }: OpenBundle): void {
  text.dispose();
  image.dispose();
}
