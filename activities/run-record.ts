import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../config.ts';
import type { Metrics } from '../models/bundle/format.ts';
import { readBundle } from '../models/bundle/load.ts';
import type { Encoder } from '../models/encoders/prepare.ts';
import { family } from '../models/families.ts';
import type { RunRecord } from '../models/tracking/outbox.ts';
import type { PipelineActivities, TrainingActivities } from './index.ts';

type Activities = PipelineActivities & TrainingActivities;
type Input<N extends keyof Activities> = Parameters<Activities[N]>[0];
type Result<N extends keyof Activities> = Awaited<ReturnType<Activities[N]>>;

/** What an activity has to say to MLflow before its work and after it. */
type Says<N extends keyof Activities> = {
  readonly before?: (input: Input<N>, config: Config) => readonly RunRecord[];
  readonly after?: (
    result: Result<N>,
    input: Input<N>,
    config: Config,
  ) => readonly RunRecord[] | Promise<readonly RunRecord[]>;
};

const params = (of: Readonly<Record<string, unknown>>): RunRecord => ({ say: 'params', params: of });
const tags = (of: Readonly<Record<string, string>>): RunRecord => ({ say: 'tags', tags: of });
const metrics = (of: Readonly<Record<string, number>>, step = 0): RunRecord => ({
  say: 'metrics',
  step,
  metrics: of,
});

/** Everything that MLflow is told of a training run, stage by stage. docs/tracking.md lists it for people. */
export const SAYS: { readonly [N in keyof Activities]?: Says<N> } = {
  fetch: {
    before: ({ source }, config) => [params({ catalogue: source ?? config.CATALOGUE_URL })],
    after: ({ contentHash, bytes, pictures }) => [
      params({ 'catalogue.hash': contentHash, 'catalogue.bytes': bytes, 'catalogue.pictures': pictures }),
    ],
  },
  validate: {
    after: ({ report, warnings }) => [
      params({ 'catalogue.warnings': warnings.length }),
      { say: 'artifacts', from: report, to: 'validation', files: ['report.md', 'report.json'] },
    ],
  },
  split: {
    after: ({ dataset: { version, counts, corrections } }, { catalogue, seed, split }) => [
      params({ seed, ...prefixed('split', split), ...rowsOf(counts), 'dataset.version': version }),
      ...(corrections ? [params(prefixed('corrections', corrections))] : []),
      tags({ 'etiquette.dataset_version': version }),
      { say: 'dataset', name: 'catalogue', digest: version, source: catalogue.directory },
    ],
  },
  pushDataset: { after: ({ reused }) => [reuse('push-data', reused)] },
  trainText: {
    before: (input) => [
      params({
        family: input.family,
        ...prefixed('text', family(input.family).text.parameters(input.parameters)),
      }),
      tags({ model_type: modelType(input.family), 'etiquette.family': input.family }),
    ],
    after: (result) => [
      ...trained('text', result),
      ...(result.encoder ? [params(encoderOf('text', result.encoder))] : []),
      ...(result.missing ? [tags({ 'etiquette.missing_encoder': result.missing })] : []),
    ],
  },
  planFeatures: {
    after: ({ encoder, missing, ready }) => [
      params(encoderOf('image', encoder)),
      metrics({ 'features/computedShards': missing, 'features/reusedShards': ready }),
    ],
  },
  trainImage: {
    before: ({ family: name, parameters }) => [
      params(prefixed('image', family(name).image.parameters(parameters))),
    ],
    after: (result) => trained('image', result),
  },
  fuse: {
    after: ({ textWeight, temperature, reused }) => [
      metrics({ 'fusion/textWeight': textWeight, 'fusion/temperature': temperature }),
      reuse('fuse', reused),
    ],
  },
  evaluate: {
    after: async ({ directory, metrics: scores, baseline, reused }) => [
      metrics({ ...scoresOf(scores), 'test/baseline/weightedF1': baseline.weightedF1 }),
      reuse('evaluate', reused),
      {
        say: 'artifacts',
        from: directory,
        to: 'evaluation',
        files: (await readdir(directory)).filter((name) =>
          /^[\w-]+\.(png|svg|md)$|^evaluation\.json$/.test(name),
        ),
      },
    ],
  },
  version: { after: ({ bundle }, _input, config) => versioned(bundle, config) },
  pushBundle: { after: ({ reused }) => [reuse('push-bundle', reused)] },
  gate: {
    after: ({ passed, reason }) => [
      tags({ 'etiquette.gate': passed ? 'passed' : 'failed', 'etiquette.gate_reason': reason }),
    ],
  },
};

/** The original's files lie at the root of its run, under these names. */
const ORIGINAL = [
  'tokenizer_config.json',
  'mapper.json',
  'mapper.pkl',
  'best_weights.json',
  'best_weights.pkl',
];

async function versioned(version: string, config: Config): Promise<RunRecord[]> {
  const directory = join(config.bundles, version);
  const { family: name, lineage, metrics: scores, files } = await readBundle(directory);
  const names = Object.keys(files);
  const atRoot = names.filter((file) => ORIGINAL.includes(file.split('/').at(-1) ?? ''));
  const facts = {
    'etiquette.family': name,
    ...(lineage ? { 'etiquette.code_hash': lineage.codeHash } : {}),
    ...(lineage ? { 'etiquette.dataset_version': lineage.datasetVersion } : {}),
  };
  return [
    tags({ ...facts, 'etiquette.bundle': version }),
    { say: 'artifacts', from: directory, to: 'bundle', files: ['bundle.json', ...names] },
    ...atRoot.map((file): RunRecord => {
      const parts = file.split('/');
      const last = parts.pop() ?? '';
      return { say: 'artifacts', from: join(directory, ...parts), to: '', files: [last] };
    }),
    {
      say: 'bundle',
      version,
      tags: { ...facts, ...(scores ? { weightedF1: scores.fused.weightedF1.toFixed(4) } : {}) },
    },
  ];
}

/** The epochs are said while training goes on; a reused part has them here only. */
function trained(
  part: 'text' | 'image',
  { summary, reused }: Result<'trainText'> | Result<'trainImage'>,
): RunRecord[] {
  return [
    ...summary.epochs.map(({ epoch, ...values }) => epochRecord(part, epoch, values)),
    params(prefixed(`${part}.rows`, summary.rows)),
    metrics({ [`${part}/bestEpoch`]: summary.bestEpoch }),
    reuse(part, reused),
  ];
}

export function epochRecord(
  part: 'text' | 'image',
  epoch: number,
  values: Readonly<Record<string, number>>,
): RunRecord {
  return metrics(prefixed(part, values, '/') as Record<string, number>, epoch);
}

function encoderOf(part: 'text' | 'image', { name, sha256, source }: Encoder): Record<string, unknown> {
  return prefixed(`${part}.encoder`, { name, sha256, source });
}

const reuse = (stage: string, reused: boolean): RunRecord =>
  tags({ [`etiquette.reused.${stage}`]: `${reused}` });

/** The original wrote VGG16+LSTM for its family. */
const modelType = (name: string) => name.split('-').reverse().join('+').toUpperCase();

function prefixed(prefix: string, values: object, by = '.'): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [`${prefix}${by}${name}`, value]));
}

function rowsOf(
  counts: Readonly<Record<string, { rows: number; pictures: number }>>,
): Record<string, number> {
  return Object.fromEntries(
    Object.entries(counts).flatMap(([part, { rows, pictures }]) => [
      [`dataset.${part}.rows`, rows],
      [`dataset.${part}.pictures`, pictures],
    ]),
  );
}

function scoresOf({ n, ece, ...parts }: Metrics): Record<string, number> {
  const found: Record<string, number> = { 'test/n': n, 'test/ece': ece };
  for (const [part, scores] of Object.entries(parts)) {
    for (const [name, value] of Object.entries(scores)) found[`test/${part}/${name}`] = value;
  }
  return found;
}
