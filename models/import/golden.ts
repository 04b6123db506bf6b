import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { EtiquetteError } from '../../errors.ts';
import type { GoldenProduct } from '../bundle/format.ts';
import type { MlProcess, PredictOutcome } from '../runtime/jobs.ts';

interface Example {
  readonly designation: string;
  readonly description: string;
  /** Colours of the drawn picture's two halves; null for a product without one. */
  readonly colours: readonly [string, string] | null;
}

/** Text and picture, text alone, picture alone: each way through the fusion. */
const EXAMPLES: readonly Example[] = [
  {
    designation: 'Console de jeux avec deux manettes',
    description: 'Jeu de course et cartes incluses, très bon état',
    colours: ['#204080', '#f0f0f0'],
  },
  {
    designation: 'Lot de 3 livres',
    description: 'Romans policiers, couverture souple',
    colours: ['#903020', '#e0c060'],
  },
  { designation: 'Coussin de jardin rouge', description: '', colours: null },
  { designation: '', description: '', colours: ['#206030', '#a0d0f0'] },
];

const SIDE = 256;

/**
 * Golden products for a bundle that no test rows are known for: products of our own with the answers of the
 * bundle itself, once it was loaded. They show later that a copy of it still answers the same.
 * @param draft the bundle's folder, without golden products.
 * @throws EtiquetteError IMPORT_MODEL_UNUSABLE when the bundle gives no probabilities.
 */
export async function goldenOf(
  draft: string,
  { ml, encoders, scratch }: { ml: MlProcess; encoders: string; scratch: string },
): Promise<(GoldenProduct & { pictureSource: string | null })[]> {
  const pictures = await Promise.all(EXAMPLES.map(({ colours }) => colours && draw(colours)));
  await ml.run('loadBundle', { bundle: draft, encoders });
  const { predictions } = await ml.run('predict', {
    products: EXAMPLES.map(({ designation, description }, index) => ({
      designation,
      description,
      picture: pictures[index] ?? null,
    })),
  });
  const golden = [];
  for (const [index, { designation, description }] of EXAMPLES.entries()) {
    const drawn = pictures[index];
    const picture = drawn ? `picture-${index}.png` : null;
    const pictureSource = picture && join(scratch, picture);
    if (drawn && pictureSource) await writeFile(pictureSource, drawn);
    const probabilities = answer(predictions[index]);
    golden.push({ designation, description, picture, pictureSource, probabilities });
  }
  return golden;
}

/** Rounded, so that an import of the same files has the same version on another processor. */
function answer(outcome: PredictOutcome | undefined): number[] {
  const probabilities =
    outcome && 'probabilities' in outcome
      ? Array.from(outcome.probabilities, (value) => Number(value.toFixed(4)))
      : [];
  if (probabilities.length > 0 && probabilities.every(Number.isFinite)) return probabilities;
  const message =
    'The imported model gives no probabilities for a test product. Check that the original answers with these files.';
  throw new EtiquetteError('IMPORT_MODEL_UNUSABLE', message);
}

async function draw([left, right]: readonly [string, string]): Promise<Buffer> {
  const half = await sharp({
    create: { width: SIDE / 2, height: SIDE, channels: 3, background: right },
  })
    .png()
    .toBuffer();
  return sharp({ create: { width: SIDE, height: SIDE, channels: 3, background: left } })
    .composite([{ input: half, left: SIDE / 2, top: 0 }])
    .png()
    .toBuffer();
}
