import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bundle } from '../bundle/format.ts';
import { type BundleParts, writeBundle } from '../bundle/write.ts';
import { saveVgg16Encoder } from '../image/vgg16/encoder-file.ts';
import { saveVgg16Head } from '../image/vgg16/model.ts';
import type { MlProcess } from '../runtime/jobs.ts';
import { saveLstm } from '../text/lstm/model.ts';
import type { ImageClasses } from './class-order.ts';
import { goldenOf } from './golden.ts';
import { readOriginal } from './original.ts';
import { originalFiles } from './original-files.ts';

export interface ImportInput {
  /** The original's models folder. */
  readonly directory: string;
  readonly imageClasses: ImageClasses;
  /** The bundle store. */
  readonly bundles: string;
  /** Where encoders are kept: the model's convolutions go there. */
  readonly encoders: string;
  /** An existing or new folder for what is only needed meanwhile. */
  readonly scratch: string;
  readonly ml: MlProcess;
  readonly madeBy: Bundle['madeBy'];
}

/**
 * Makes a bundle of the original's files that our recipes load like one of ours, and has it answer before it
 * is put into the store. The same files give the same version.
 * @throws EtiquetteError IMPORT_... when a file is missing, damaged or does not fit the others.
 */
export async function importBundle(input: ImportInput): Promise<Bundle> {
  const { text, image, textWeight } = await readOriginal(input.directory, input.imageClasses);
  const encoder = await saveVgg16Encoder(
    image.convolutions,
    input.encoders,
    'the convolutions of an imported best_vgg16_model.h5',
  );
  await mkdir(input.scratch, { recursive: true });
  const scratch = await mkdtemp(join(input.scratch, 'import-'));
  try {
    const parts: BundleParts = {
      family: 'lstm-vgg16',
      text: { recipe: 'lstm', parameters: text.parameters, directory: join(scratch, 'text') },
      image: { recipe: 'vgg16', parameters: image.head.parameters, directory: join(scratch, 'image') },
      encoders: {
        image: { name: 'vgg16', sha256: encoder.sha256, source: encoder.source },
        text: null,
      },
      // As the original answered: nothing is known to calibrate it with.
      fusion: { kind: 'convex', textWeight, temperature: 1, textTemperature: 1, imageTemperature: 1 },
      lineage: null,
      metrics: null,
      golden: [],
      texts: originalFiles({ textWeight }),
      madeBy: input.madeBy,
    };
    await saveLstm(parts.text.directory, text);
    await saveVgg16Head(parts.image.directory, image.head);
    const drafts = join(scratch, 'drafts');
    const draft = await writeBundle(drafts, parts);
    const golden = await goldenOf(join(drafts, draft.version), { ...input, scratch });
    return await writeBundle(input.bundles, { ...parts, golden });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
