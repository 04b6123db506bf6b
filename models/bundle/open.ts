import { join } from 'node:path';
import { findEncoder } from '../encoders/prepare.ts';
import { family } from '../families.ts';
import type { ImageModel, TextModel } from '../family.ts';
import type { Bundle } from './format.ts';
import { readBundle, verifyFiles } from './load.ts';

/** A bundle in memory, with its encoders. */
export interface OpenBundle {
  readonly bundle: Bundle;
  readonly text: TextModel;
  readonly image: ImageModel;
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
  return { bundle, text, image };
}

export function disposeBundle({ text, image }: OpenBundle): void {
  text.dispose();
  image.dispose();
}
