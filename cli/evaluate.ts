import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { evaluateFused } from '../activities/evaluate.ts';
import { catalogueDirectory, catalogueFiles } from '../activities/fetch.ts';
import { readConfig } from '../config.ts';
import type { DatasetRow } from '../data/catalogue.ts';
import { fetchCatalogue } from '../data/fetch.ts';
import { readProducts, writeRows } from '../data/read.ts';
import { EtiquetteError } from '../errors.ts';
import { champion } from '../models/bundle/deployments.ts';
import { readBundle } from '../models/bundle/load.ts';
import { readScores } from '../models/bundle/scores.ts';
import { INSIGHT, writeEvaluationReport } from '../models/evaluation/report.ts';
import { createMlProcess } from '../models/runtime/process.ts';
import { sourceOf } from './train.ts';

const USAGE = `Usage: npm run evaluate -- --catalogue DIR [--model VERSION] [--report FOLDER] [--json]

Scores a bundle (default: the champion) on every labelled product of a catalogue. Nothing is trained.

  --catalogue DIR_OR_URL  a catalogue with labels
  --model VERSION         "npm run models" lists them
  --report FOLDER         also write the evaluation report there, with suspected label errors, duplicates
                          across codes, confusions and advice for each code
  --json                  print one JSON line: {n, text, image, fused, ece}
`;

export async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      catalogue: { type: 'string' },
      model: { type: 'string' },
      report: { type: 'string' },
      json: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  if (!values.catalogue) throw new EtiquetteError('USAGE', 'Name a catalogue: --catalogue DIR.');
  const config = readConfig();
  const version = values.model ?? (await champion(config.deployments));
  if (version === null) {
    throw new EtiquetteError('NO_MODEL', 'Nothing is deployed yet: "npm run train" makes a model.');
  }
  const { fusion } = await readBundle(join(config.bundles, version));
  const source = sourceOf(values.catalogue);
  const signal = new AbortController().signal;
  const onProgress = progressLine();
  const catalogue = await fetchCatalogue({
    source,
    directory: catalogueDirectory(config, source),
    files: catalogueFiles(config),
    signal,
    onProgress,
  });
  const folder = await mkdtemp(join(tmpdir(), 'etiquette-evaluate-'));
  const ml = createMlProcess({ name: 'evaluate', threads: availableParallelism() });
  try {
    const rows = join(folder, 'rows.ndjson');
    await writeRows(rows, labelled(readProducts(catalogue, 'train')));
    const file = join(folder, 'scores.safetensors');
    await ml.run(
      'predictRows',
      {
        bundle: join(config.bundles, version),
        encoders: config.encoders,
        rows,
        picturesDirectory: catalogue.directory,
        file,
      },
      { onProgress },
    );
    const evaluation = evaluateFused(await readScores(file), fusion);
    const { metrics } = evaluation;
    if (values.report) {
      const directory = resolve(process.env.INIT_CWD ?? '.', values.report);
      const insight = await ml.run(
        'insight',
        {
          judged: [{ part: 'held-out', rows: [rows], answers: file }],
          fusion,
          // Any of these products may have been in the bundle's training.
          unseen: false,
          picturesDirectory: catalogue.directory,
          directory: join(directory, INSIGHT),
        },
        { onProgress },
      );
      const report = { evaluation, textSummary: null, imageSummary: null, fusionCurve: [], insight };
      await writeEvaluationReport(directory, report);
    }
    if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
    if (values.json) process.stdout.write(`${JSON.stringify(metrics)}\n`);
    else print(version, metrics);
    return 0;
  } finally {
    await ml.close();
    await rm(folder, { recursive: true, force: true });
  }
}

async function* labelled(rows: AsyncIterable<DatasetRow>): AsyncIterable<DatasetRow> {
  for await (const row of rows) if (row.code !== null) yield row;
}

/** Redrawn on a terminal; a line for each tenth elsewhere. */
function progressLine(): (progress: { fraction: number; message: string }) => void {
  let tenth = -1;
  return ({ fraction, message }) => {
    if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${message}`);
    else if (Math.floor(fraction * 10) !== tenth) process.stderr.write(`${message}\n`);
    tenth = Math.floor(fraction * 10);
  };
}

function print(version: string, metrics: ReturnType<typeof evaluateFused>['metrics']): void {
  process.stdout.write(
    `Bundle ${version} on ${metrics.n} products (calibration error ${metrics.ece.toFixed(3)})\n`,
  );
  for (const part of ['text', 'image', 'fused'] as const) {
    const { n, accuracy, weightedF1, macroF1 } = metrics[part];
    const figures = [accuracy, weightedF1, macroF1].map((figure) => figure.toFixed(3)).join('  ');
    process.stdout.write(`  ${part.padEnd(6)} accuracy, weighted F1, macro F1: ${figures}  (n ${n})\n`);
  }
}
