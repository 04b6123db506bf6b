import { canonicalJson } from '../bundle/format.ts';
import type { BundleLineage, DatasetLineage, Kept, Lineage, RunLineage } from './lineage.ts';

/** A lineage as an indented tree for people. */
export function lineageTree(lineage: Lineage): string {
  const { id, kind, prediction, bundles, runs, datasets } = lineage;
  const made = new Set(bundles.map(({ version }) => version));
  return [
    `${KINDS[kind]} ${id}`,
    ...(prediction
      ? [`  answered ${prediction.code} (${prediction.confidence.toFixed(3)}) at ${prediction.at}`]
      : []),
    ...bundles.flatMap((bundle) => indent(ofBundle(bundle, runs))),
    ...runs.filter(({ bundle }) => bundle === null || !made.has(bundle)).flatMap((run) => indent(ofRun(run))),
    ...datasets.flatMap((dataset) => indent(ofDataset(dataset))),
    '',
  ].join('\n');
}

const KINDS: Readonly<Record<Lineage['kind'], string>> = {
  prediction: 'Prediction',
  bundle: 'Bundle',
  dataset: 'Dataset',
  batch: 'Batch prediction',
  run: 'Temporal run',
  mlflow: 'MLflow run',
};

const indent = (lines: readonly string[]) => lines.map((line) => `  ${line}`);

function ofBundle(bundle: BundleLineage, runs: readonly RunLineage[]): string[] {
  const { version, stored, made, predictions, served, kept, batches } = bundle;
  const { count, first, last } = predictions;
  const gone = stored ? '' : `  (no longer in the store${kept ? `: npm run data -- pull ${version}` : ''})`;
  return [
    `bundle ${version}${gone}`,
    ...indent([
      ...(made ? ofMaking(made) : ['its bundle.json is gone']),
      ...runs.filter((run) => run.bundle === version).flatMap(ofRun),
      ...(served.length === 0 ? ['never served'] : []),
      ...served.flatMap(({ from, to, kind, by, reason, before, after }) => [
        `served from ${from} to ${to ?? 'now'}: ${kind} by ${by}: ${reason}`,
        ...indent([`after ${before ?? 'nothing'}, before ${after ?? 'nothing yet'}`]),
      ]),
      count === 0 ? 'no prediction on record' : `${count} predictions on record, from ${first} to ${last}`,
      ...batches.map((batch) => `batch prediction ${batch}`),
      ...ofKept(kept),
    ]),
  ];
}

function ofMaking(made: NonNullable<BundleLineage['made']>): string[] {
  const { family, text, image, encoders, fusion, metrics, lineage, madeBy } = made;
  const revision = madeBy.revision ? `, revision ${madeBy.revision}` : '';
  const encoder = (name: string, one: typeof encoders.text) =>
    one ? [`${name} encoder ${one.name} ${one.sha256.slice(0, 12)} from ${one.source}`] : [];
  return [
    `family ${family}, made ${madeBy.at} by release ${madeBy.etiquette}${revision}`,
    ...(metrics
      ? [
          `weighted F1 ${metrics.fused.weightedF1.toFixed(3)} on ${metrics.n} test rows, ECE ${metrics.ece.toFixed(3)}`,
        ]
      : []),
    `text ${text.recipe} ${canonicalJson(text.parameters)}`,
    `image ${image.recipe} ${canonicalJson(image.parameters)}`,
    `fusion ${canonicalJson(fusion)}`,
    ...encoder('picture', encoders.image),
    ...encoder('text', encoders.text),
    ...(lineage
      ? [`dataset ${lineage.datasetVersion}, seed ${lineage.seed}, code ${lineage.codeHash}`]
      : ['imported: its training is not known']),
  ];
}

function ofRun({ workflowId, runId, url, startedAt, outcome, reason, mlflow }: RunLineage): string[] {
  const began = startedAt === null ? '' : `, begun ${startedAt}`;
  const version = mlflow?.modelVersion ? `, model version ${mlflow.modelVersion}` : '';
  return [
    `run ${runId} of ${workflowId}${began}`,
    ...indent([
      ...(outcome === null ? [] : [`${outcome}: ${reason}`]),
      url,
      ...(mlflow ? [`MLflow run ${mlflow.run}${version}`, mlflow.url] : ['not in MLflow (yet)']),
    ]),
  ];
}

function ofDataset(dataset: DatasetLineage): string[] {
  const { version, catalogueHash, sources, seed, split, counts, corrections, bundles, kept } = dataset;
  const parts = counts
    ? Object.entries(counts).map(([part, { rows, pictures }]) => `${part} ${rows} (${pictures} pictures)`)
    : [];
  return [
    `dataset ${version}`,
    ...indent([
      ...(catalogueHash ? [`catalogue ${catalogueHash}`] : []),
      ...sources.map((source) => `from ${source}`),
      ...(seed === null ? [] : [`split with seed ${seed}${split ? ` and ${canonicalJson(split)}` : ''}`]),
      ...(parts.length === 0 ? [] : [parts.join(', ')]),
      ...(corrections
        ? [`${corrections.rows} corrections ${corrections.version}, each counted ${corrections.weight} times`]
        : []),
      ...(bundles.length === 0 ? [] : [`bundles trained on it: ${bundles.join(', ')}`]),
      ...ofKept(kept),
    ]),
  ];
}

function ofKept(kept: Kept | null): string[] {
  if (!kept) return ['not kept with DVC'];
  const remotes = kept.pushes.map(({ remote }) => remote);
  return [
    `kept with DVC since ${kept.at}, ${remotes.length === 0 ? 'waits to be pushed' : `pushed to ${remotes.join(', ')}`}`,
    ...indent(kept.files.map(({ pointer, bytes, md5 }) => `${pointer}  ${md5}  ${bytes} bytes`)),
  ];
}
