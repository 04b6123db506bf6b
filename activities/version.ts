import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Context } from '@temporalio/activity';
import type { CatalogueRef, DatasetRow } from '../data/catalogue.ts';
import { readRows } from '../data/read.ts';
import type { SplitParameters } from '../data/split.ts';
import { fusionSchema, type GoldenProduct } from '../models/bundle/format.ts';
import { REFERENCE } from '../models/bundle/reference.ts';
import { CLASSES } from '../models/bundle/rows.ts';
import { readScores } from '../models/bundle/scores.ts';
import { writeBundle } from '../models/bundle/write.ts';
import type { Encoder } from '../models/encoders/prepare.ts';
import { family } from '../models/families.ts';
import { fuse } from '../models/fusion/fuse.ts';
import { originalFiles } from '../models/import/original-files.ts';
import { codeHash } from './code-hash.ts';
import type { ActivityDeps } from './deps.ts';
import { durable } from './durable.ts';
import { type Evaluated, type EvaluateInput, FLOAT_SCORES } from './evaluate.ts';
import { readPlan } from './features.ts';

export interface VersionInput extends EvaluateInput {
  readonly catalogue: CatalogueRef;
  readonly seed: number;
  readonly evaluation: Evaluated;
  /** As the run was asked; null is CATALOGUE_URL. */
  readonly source: string | null;
}

const GOLDEN = 4;

/** Stage «version»: the trained parts become one immutable bundle in the bundle store. */
export function createVersion({ config, revision }: ActivityDeps) {
  return function version(input: VersionInput): Promise<{ bundle: string; reused: boolean }> {
    return durable('version', async () => {
      const { text: textRecipe, image: imageRecipe } = family(input.family);
      const { workflowExecution } = Context.current().info;
      const { encoder } = await readPlan(input.plan);
      const bundle = await writeBundle(config.bundles, {
        family: input.family,
        text: {
          recipe: textRecipe.name,
          parameters: input.text.summary.parameters,
          directory: input.text.model,
        },
        image: {
          recipe: imageRecipe.name,
          parameters: input.image.summary.parameters,
          directory: input.evaluation.imageModel ?? input.image.model,
          engine: input.evaluation.engine ?? null,
        },
        encoders: { image: named(encoder), text: input.text.encoder && named(input.text.encoder) },
        fusion: fusionSchema.parse(input.fusion),
        lineage: {
          datasetVersion: input.dataset.version,
          catalogueHash: input.catalogue.contentHash,
          seed: input.seed,
          codeHash: await familyCodeHash(input.family),
          split: await splitOf(input.dataset.directory),
          counts: input.dataset.counts,
          ...(input.dataset.corrections && { corrections: input.dataset.corrections }),
        },
        metrics: input.evaluation.metrics,
        golden: await goldenProducts(input),
        texts: {
          'evaluation.json': await readFile(join(input.evaluation.directory, 'evaluation.json'), 'utf8'),
          ...(await referenceOf(input.evaluation)),
          ...inFolder('original', originalFiles({ textWeight: input.fusion.textWeight })),
        },
        madeBy: {
          at: new Date().toISOString(),
          workflowId: workflowExecution?.workflowId ?? null,
          runId: workflowExecution?.runId ?? null,
          etiquette: config.RELEASE,
          revision,
          source: input.source ?? config.CATALOGUE_URL,
        },
      });
      return { bundle: bundle.version, reused: bundle.madeBy.runId !== (workflowExecution?.runId ?? null) };
    });
  };
}

/** The code that trains a family's models, as this process runs it. */
export async function familyCodeHash(name: string): Promise<string> {
  const { modules } = family(name);
  return `${await codeHash(modules.text)}-${await codeHash(modules.image)}`;
}

/** What the split was made with, its defaults included. */
async function splitOf(directory: string): Promise<SplitParameters> {
  const { parameters }: { parameters: SplitParameters } = JSON.parse(
    await readFile(join(directory, 'split.json'), 'utf8'),
  );
  return { trainPerCode: parameters.trainPerCode, validationPerCode: parameters.validationPerCode };
}

/** Absent where there were too few test rows. */
async function referenceOf({ directory }: Evaluated): Promise<Record<string, string>> {
  try {
    return { [REFERENCE]: await readFile(join(directory, REFERENCE), 'utf8') };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw error;
  }
}

const named = ({ name, sha256, source }: Encoder) => ({ name, sha256, source });

function inFolder(folder: string, files: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(files).map(([name, text]) => [`${folder}/${name}`, text]));
}

/** Test products with the answers that evaluation saw, some with and some without a picture. */
async function goldenProducts(
  input: VersionInput,
): Promise<(GoldenProduct & { pictureSource: string | null })[]> {
  const scores = await readScores(join(input.evaluation.directory, 'test.safetensors'));
  const fused = fuse(scores, input.fusion);
  const inFloat = input.evaluation.imageModel
    ? fuse(await readScores(join(input.evaluation.directory, FLOAT_SCORES)), input.fusion)
    : null;
  const rowOf = (answers: Float32Array, row: number) => [
    ...answers.subarray(row * CLASSES, (row + 1) * CLASSES),
  ];
  const withPicture: { row: DatasetRow; index: number }[] = [];
  const without: { row: DatasetRow; index: number }[] = [];
  let index = 0;
  for await (const row of readRows(join(input.dataset.directory, 'test.ndjson'))) {
    const group = row.picture ? withPicture : without;
    if (group.length < GOLDEN) group.push({ row, index });
    index++;
  }
  return [...withPicture, ...without].map(({ row, index: position }, place) => ({
    designation: row.designation,
    description: row.description,
    picture: row.picture ? `picture-${place}.jpg` : null,
    pictureSource: row.picture ? join(input.dataset.catalogueDirectory, row.picture.file) : null,
    probabilities: rowOf(fused, position),
    ...(inFloat && { floatProbabilities: rowOf(inFloat, position) }),
  }));
}
