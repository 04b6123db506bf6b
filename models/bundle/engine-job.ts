import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { agreementOf, agrees } from '../evaluation/agreement.ts';
import { family } from '../families.ts';
import type { Job } from '../runtime/jobs.ts';
import { readScores, writeScores } from './scores.ts';
import { collect, lookAtPictures } from './scoring-jobs.ts';

/** More pictures move the ranges of values little: a hundred hold millions of values of each channel. */
const CALIBRATION_PICTURES = 96;

/** Makes the quicker engine that a picture recipe knows, and has it answer the rows that the float engine answered. */
export const chooseEngine: Job<'chooseEngine'> = async (input, context) => {
  const { image: recipe } = family(input.family);
  if (!recipe.quicken) return null;
  const model = join(input.directory, 'model');
  await rm(model, { recursive: true, force: true });
  const pictures = await calibrationPictures(input.calibration, input.picturesDirectory);
  const engines = await recipe.quicken(
    { model: input.imageModel, encoder: input.encoder, pictures, directory: model },
    context,
  );
  if (engines === null) return null;
  const { float, quick } = engines;
  const rows = await collect(input.rows);
  const said = await readScores(input.scores);
  const scores = { ...said, image: said.image.slice(), hasPicture: said.hasPicture.slice() };
  const image = await recipe.load(model, input.encoder.file);
  try {
    await lookAtPictures(image, rows, input.picturesDirectory, scores, context);
  } finally {
    image.dispose();
  }
  await writeScores(join(input.directory, 'scores.safetensors'), scores);
  const agreement = agreementOf(said, scores, input.fusion);
  const chosen = agrees(agreement);
  if (!chosen) await rm(model, { recursive: true });
  return {
    engine: { name: chosen ? quick : float, compared: { engine: quick, ...agreement } },
    quick: chosen,
  };
};

/** By the pictures' hashes after another hash: the same ones in whatever order the rows lie, and none preferred. */
async function calibrationPictures(file: string, directory: string): Promise<string[]> {
  const rows = await collect(file);
  const pictures = new Map(rows.flatMap(({ picture }) => (picture ? [[picture.sha256, picture.file]] : [])));
  const order = (sha256: string) => createHash('sha256').update(`calibration ${sha256}`).digest('hex');
  return [...pictures]
    .map(([sha256, path]) => ({ place: order(sha256), path: join(directory, path) }))
    .sort((one, other) => (one.place < other.place ? -1 : 1))
    .slice(0, CALIBRATION_PICTURES)
    .map(({ path }) => path);
}
