import { stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { writeAtomic } from '../data/atomic.ts';
import type { CatalogueRef, DatasetRow } from '../data/catalogue.ts';
import { readProducts, readRows, writeRows } from '../data/read.ts';
import { TYPE_CODES } from '../data/type-codes.ts';
import { EtiquetteError } from '../errors.ts';
import { champion } from '../models/bundle/deployments.ts';
import { readBundle } from '../models/bundle/load.ts';
import { CLASSES } from '../models/bundle/rows.ts';
import { readScores } from '../models/bundle/scores.ts';
import { topClass } from '../models/evaluation/rows.ts';
import { fuse } from '../models/fusion/fuse.ts';
import type { ActivityDeps } from './deps.ts';
import { durable } from './durable.ts';
import { once } from './stage-store.ts';

export interface PredictionPlan {
  readonly bundle: string;
  /** Holds shard-<k>.ndjson, and later shard-<k>.safetensors. */
  readonly directory: string;
  readonly shards: number;
  readonly rows: number;
}

export interface PlanInput {
  readonly catalogue: CatalogueRef;
  readonly part: 'train' | 'test' | null;
  readonly bundle: string | null;
  readonly shardSize: number;
}

/** Chooses bundle and rows, and cuts the rows into shards that any worker can take. */
export function createPlanPrediction({ config }: ActivityDeps) {
  return function planPrediction(input: PlanInput): Promise<PredictionPlan> {
    return durable('predict', async ({ signal }) => {
      const { catalogue, shardSize } = input;
      const chosen = input.bundle ?? (await champion(config.deployments));
      if (chosen === null) {
        throw new EtiquetteError('NO_MODEL', 'Nothing is deployed yet: "npm run train" makes a model.');
      }
      await readBundle(join(config.bundles, chosen));
      const part = input.part ?? (await hasTestRows(catalogue));
      const { directory, result } = await once({
        root: config.stages,
        name: 'predict',
        inputs: { content: catalogue.contentHash, part, bundle: chosen, shardSize },
        module: 'models/bundle/scoring-jobs.ts',
        work: async (folder) => {
          let shards = 0;
          let rows = 0;
          let batch: DatasetRow[] = [];
          const flush = async () => {
            if (batch.length === 0) return;
            await writeRows(join(folder, `shard-${shards++}.ndjson`), batch);
            rows += batch.length;
            batch = [];
          };
          for await (const row of readProducts(catalogue, part)) {
            signal.throwIfAborted();
            batch.push(row);
            if (batch.length >= shardSize) await flush();
          }
          await flush();
          return { shards, rows };
        },
      });
      return { bundle: chosen, directory, ...result };
    });
  };
}

async function hasTestRows({ directory, files }: CatalogueRef): Promise<'train' | 'test'> {
  const found = await stat(join(directory, files.xTest)).catch(() => null);
  return found ? 'test' : 'train';
}

/** Probabilities for one shard of rows; a shard that is there already is not predicted again. */
export function createPredictShard({ config, vision }: ActivityDeps) {
  return function predictShard(input: {
    plan: PredictionPlan;
    shard: number;
    catalogueDirectory: string;
  }): Promise<{ rows: number; pictures: number }> {
    return durable('predict', ({ signal, report }) => {
      const { plan, shard } = input;
      return once({
        root: plan.directory,
        name: `shard-${shard}`,
        inputs: {},
        module: 'models/bundle/scoring-jobs.ts',
        work: () =>
          vision.run(
            'predictRows',
            {
              bundle: join(config.bundles, plan.bundle),
              encoders: config.encoders,
              rows: join(plan.directory, `shard-${shard}.ndjson`),
              picturesDirectory: input.catalogueDirectory,
              file: join(plan.directory, `shard-${shard}.safetensors`),
            },
            { signal, onProgress: report },
          ),
      }).then(({ result }) => result);
    });
  };
}

/** Joins the shards' answers, in row order, into one file: .json as the original's, .csv or .ndjson. */
export function createJoinPredictions({ config }: ActivityDeps) {
  return function joinPredictions(input: { plan: PredictionPlan; out: string }): Promise<{ out: string }> {
    return durable('predict', async () => {
      const { plan, out } = input;
      const bundle = await readBundle(join(config.bundles, plan.bundle));
      const answers: Answer[] = [];
      for (let shard = 0; shard < plan.shards; shard++) {
        const scores = await readScores(join(plan.directory, `shard-${shard}.safetensors`));
        const fused = fuse(scores, bundle.fusion);
        let index = 0;
        for await (const row of readRows(join(plan.directory, `shard-${shard}.ndjson`))) {
          const top = topClass(fused, index);
          answers.push({
            row: row.row,
            code: TYPE_CODES[top] as number,
            confidence: fused[index * CLASSES + top] as number,
            picture: scores.hasPicture[index] === 1,
          });
          index++;
        }
      }
      await writeAtomic(out, format(out, answers, plan.bundle));
      return { out };
    });
  };
}

interface Answer {
  readonly row: string;
  readonly code: number;
  readonly confidence: number;
  readonly picture: boolean;
}

const FORMATS: Readonly<Record<string, (answers: readonly Answer[], bundle: string) => string>> = {
  '.json': (answers) =>
    `${JSON.stringify(Object.fromEntries(answers.map(({ row, code }) => [row, `${code}`])), null, 2)}\n`,
  '.csv': (answers, bundle) =>
    [
      'row,prdtypecode,confidence,picture,bundle',
      ...answers.map((a) => `${a.row},${a.code},${a.confidence.toFixed(6)},${a.picture},${bundle}`),
      '',
    ].join('\n'),
  '.ndjson': (answers, bundle) =>
    answers.map((answer) => `${JSON.stringify({ ...answer, bundle })}\n`).join(''),
};

export const PREDICTION_FORMATS = Object.keys(FORMATS);

function format(out: string, answers: readonly Answer[], bundle: string): string {
  const write = FORMATS[extname(out)];
  if (!write) {
    throw new EtiquetteError(
      'PREDICTION_FORMAT_UNKNOWN',
      `Cannot write ${out}: name a file that ends in ${PREDICTION_FORMATS.join(', ')}.`,
    );
  }
  return write(answers, bundle);
}
