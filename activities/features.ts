import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeAtomic } from '../data/atomic.ts';
import { type DatasetRef, PARTS, type Part, type PictureRef } from '../data/catalogue.ts';
import { readRows } from '../data/read.ts';
import { EtiquetteError } from '../errors.ts';
import { type Encoder, prepareEncoder } from '../models/encoders/prepare.ts';
import { family } from '../models/families.ts';
import { planShards } from '../models/image/features.ts';
import type { FeatureShard, Parameters } from '../models/runtime/jobs.ts';
import { codeHash } from './code-hash.ts';
import type { ActivityDeps } from './deps.ts';
import { durable } from './durable.ts';
import { encoderSources } from './encoders.ts';
import { noteUse } from './last-use.ts';

/** A plan travels as a path: its lists of pictures would not fit in a workflow's payloads. */
export interface FeaturePlan {
  readonly file: string;
  readonly encoder: Encoder;
  readonly missing: number;
  readonly ready: number;
}

interface PlanFile {
  readonly encoder: Encoder;
  readonly ready: readonly FeatureShard[];
  readonly missing: readonly FeatureShard[];
}

export async function readPlan(file: string): Promise<PlanFile> {
  return JSON.parse(await readFile(file, 'utf8'));
}

/** First half of stage «features»: which pictures have no features yet, grouped into shards. */
export function createPlanFeatures({ config, log }: ActivityDeps) {
  return function planFeatures(input: {
    family: string;
    dataset: DatasetRef;
    parameters: Parameters;
    shardSize: number;
  }): Promise<FeaturePlan> {
    return durable('features', async ({ signal, report }) => {
      const { image, modules } = family(input.family);
      const parameters = image.parameters(input.parameters);
      const encoder = await prepareEncoder(image.encoder, {
        ...encoderSources(config),
        signal,
        onProgress: (progress) => report({ ...progress, fraction: 0 }),
        log,
      });
      const code = await codeHash(modules.features);
      const plan = await planShards(await pictures(input.dataset), {
        directory: config.features,
        encoder,
        parameters,
        code,
        shardSize: input.shardSize,
      });
      for (const shard of plan.ready) await noteUse(shard.file);
      const file = join(input.dataset.directory, `features-${plan.key}.json`);
      const content: PlanFile = { encoder, ready: plan.ready, missing: plan.missing };
      await writeAtomic(file, JSON.stringify(content));
      return { file, encoder, missing: plan.missing.length, ready: plan.ready.length };
    });
  };
}

/** Second half of stage «features»: the features of one shard, on whichever worker takes it. */
export function createComputeFeatures({ vision }: ActivityDeps) {
  return function computeFeatures(input: {
    family: string;
    dataset: DatasetRef;
    parameters: Parameters;
    plan: string;
    shard: number;
  }): Promise<{ computed: number }> {
    return durable('features', async ({ signal, report }) => {
      const { encoder, missing } = await readPlan(input.plan);
      const shard = missing[input.shard];
      if (!shard) {
        throw new EtiquetteError('SHARD_UNKNOWN', `The plan ${input.plan} has no shard ${input.shard}.`);
      }
      const { image } = family(input.family);
      return vision.run(
        'computeFeatures',
        {
          family: input.family,
          parameters: image.parameters(input.parameters),
          encoder,
          picturesDirectory: input.dataset.catalogueDirectory,
          shard,
        },
        { signal, onProgress: report },
      );
    });
  };
}

async function pictures(dataset: DatasetRef): Promise<PictureRef[]> {
  const found = new Map<string, PictureRef>();
  for (const part of PARTS satisfies readonly Part[]) {
    for await (const { picture } of readRows(join(dataset.directory, `${part}.ndjson`))) {
      if (picture && !found.has(picture.sha256)) found.set(picture.sha256, picture);
    }
  }
  return [...found.values()];
}
