import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig } from '../config.ts';
import { TYPE_CODES } from '../data/type-codes.ts';
import { family } from '../models/families.ts';
import type { TrainingSummary } from '../models/runtime/jobs.ts';
import { cleanerOf } from '../models/text/cleaners.ts';
import { ORIGINAL_LSTM } from '../models/text/lstm/parameters.ts';
import type { EpochEvent } from '../models/training/epoch-audit.ts';
import { type BenchCatalogue, benchCatalogue, inventedCatalogue, type LabelledRow } from './catalogue.ts';
import { labelsOf } from './cross-validation.ts';
import { fullSizeTraining } from './full-size-training.ts';
import { benchEncoder, benchFeatures, oneFold, writeDataset } from './material.ts';
import { type PeerRun, runPeer } from './peer.ts';
import type { Row } from './row.ts';
import { standardTraining } from './standard-training.ts';
import { type Cost, measured, type Usage } from './usage.ts';

const SEED = 42;
const TEXT_EPOCHS = 6;
/** 27 codes of 24 + 8 products: 648 pictures to train on and 216 to validate with. */
const PRODUCTS_PER_CODE = 32;
const TRAIN_PER_CODE = 24;

interface KerasAnswer {
  readonly epochs: readonly { readonly seconds: number; readonly validationAccuracy: number }[];
}

interface Measured extends Usage {
  readonly wallSeconds: number;
  /** The best of all epochs. */
  readonly validationAccuracy: number;
  /** Median, without the first: both sides warm up in it. */
  readonly epochSeconds: number;
}

/**
 * Trains both models of the original, ours and in Keras, on the same rows for the same number of epochs. Its
 * picture side takes about half an hour on two cores: BENCH_IMAGE_EPOCHS (default 8) makes it shorter. The n-gram
 * model is trained on rows as many as the challenge's, beside scikit-learn; BENCH_ROWS makes that shorter.
 */
export async function training(say: (line: string) => void): Promise<Row[]> {
  const config = readConfig();
  const directory = await mkdtemp(join(tmpdir(), 'etiquette-bench-'));
  try {
    const catalogue = await benchCatalogue(config, say);
    const whole = await standardTraining(config, catalogue, directory, say);
    const fullSize = await fullSizeTraining(directory, say);
    const text = await textTraining(catalogue, directory, say);
    const pictures = await inventedCatalogue(config, PRODUCTS_PER_CODE, say);
    const epochs = Number(process.env.BENCH_IMAGE_EPOCHS || 8);
    const encoder = await benchEncoder(config, family('lstm-vgg16').image.encoder, say);
    const image = await imageTraining({ catalogue: pictures, encoder, epochs, directory, say });
    return [
      ...whole,
      ...fullSize,
      row('LSTM, an epoch', 's', text, ({ epochSeconds }) => epochSeconds, atMost(1)),
      ...costs(`LSTM, ${TEXT_EPOCHS} epochs`, text),
      row(
        `VGG16, features and ${epochs} epochs`,
        's',
        image,
        ({ wallSeconds }) => wallSeconds,
        epochs === 8 ? atMost(0.2) : free,
      ),
      row('VGG16, best validation accuracy', '', image, (one) => one.validationAccuracy, {
        target: 'at least 1 of peer',
        met: (ours, peer) => ours >= peer,
      }),
      ...costs(`VGG16, features and ${epochs} epochs`, image),
    ];
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

interface Pair {
  readonly ours: Measured;
  readonly peer: Measured;
}

/** The original's form on both sides: like is compared with like. */
async function textTraining(
  catalogue: BenchCatalogue,
  directory: string,
  say: (line: string) => void,
): Promise<Pair> {
  const parts = oneFold(catalogue);
  const home = join(directory, 'text');
  const dataset = await writeDataset(join(directory, 'text-rows'), catalogue, parts);
  say(`LSTM on ${parts.train.length} rows.`);
  const cost = await measured(1, (ml) =>
    ml.run('trainText', {
      family: 'lstm-vgg16',
      ...{ dataset, seed: SEED, directory: home, encoder: null, featuresDirectory: home },
      parameters: { ...ORIGINAL_LSTM, epochs: TEXT_EPOCHS, patience: TEXT_EPOCHS },
    }),
  );
  const clean = cleanerOf('original');
  const part = (rows: readonly LabelledRow[]) => {
    const worded = rows.map((row) => ({ row, text: clean(row).join(' ') })).filter(({ text }) => text !== '');
    return {
      texts: worded.map(({ text }) => text),
      labels: [...labelsOf(worded.map((one) => one.row))],
    };
  };
  const peer = await runPeer<KerasAnswer>(
    'keras_original',
    {
      ...{ model: 'lstm', epochs: TEXT_EPOCHS, classes: TYPE_CODES.length },
      ...{ train: part(parts.train), validation: part(parts.validation) },
    },
    say,
  );
  return { ours: await withEpochs(home, cost), peer: ofPeer(peer) };
}

async function imageTraining(input: {
  readonly catalogue: BenchCatalogue;
  readonly encoder: Awaited<ReturnType<typeof benchEncoder>>;
  readonly epochs: number;
  readonly directory: string;
  readonly say: (line: string) => void;
}): Promise<Pair> {
  const { catalogue, encoder, epochs, directory, say } = input;
  const seen = new Map<number, number>();
  const parts = { train: [] as LabelledRow[], validation: [] as LabelledRow[], test: [] };
  for (const one of catalogue.rows) {
    const count = seen.get(one.code) ?? 0;
    seen.set(one.code, count + 1);
    parts[count < TRAIN_PER_CODE ? 'train' : 'validation'].push(one);
  }
  const dataset = await writeDataset(join(directory, 'image-rows'), catalogue, parts);
  const home = join(directory, 'image');
  const original = family('lstm-vgg16');
  say(`VGG16 on ${parts.train.length} and ${parts.validation.length} pictures.`);
  const cost = await measured(availableParallelism(), async (ml) => {
    const shards = await benchFeatures(original, encoder, catalogue, {
      directory: join(home, 'features'),
      ml,
    });
    return ml.run('trainImage', {
      family: original.name,
      ...{ dataset, seed: SEED, directory: home, shards },
      parameters: { epochs, patience: epochs },
    });
  });
  say(`  ${cost.wallSeconds.toFixed(0)} s. Now Keras.`);
  const part = (rows: readonly LabelledRow[]) => ({
    files: rows.map(({ picture }) => join(catalogue.directory, picture?.file ?? '')),
    labels: [...labelsOf(rows)],
  });
  const peer = await runPeer<KerasAnswer>(
    'keras_original',
    {
      ...{ model: 'vgg16', epochs, classes: TYPE_CODES.length, encoder: encoder.file },
      ...{ train: part(parts.train), validation: part(parts.validation) },
    },
    say,
  );
  return { ours: await withEpochs(home, cost), peer: ofPeer(peer) };
}

/** Adds what a training folder recorded about its epochs. */
async function withEpochs(home: string, { result, ...cost }: Cost<TrainingSummary>): Promise<Measured> {
  const events = (await readFile(join(home, 'epochs.jsonl'), 'utf8'))
    .split('\n')
    .filter(Boolean)
    .map((line): EpochEvent => JSON.parse(line));
  const at = (kind: EpochEvent['event']) =>
    events.filter(({ event }) => event === kind).map((event) => Date.parse(event.at));
  const ends = at('end');
  const seconds = at('start').map((start, epoch) => ((ends[epoch] ?? start) - start) / 1000);
  return { ...cost, ...overEpochs(result.epochs, seconds) };
}

function ofPeer({ result: { epochs }, ...cost }: PeerRun<KerasAnswer>): Measured {
  const seconds = epochs.map((epoch) => epoch.seconds);
  return { ...cost, ...overEpochs(epochs, seconds) };
}

function overEpochs(
  epochs: readonly { readonly validationAccuracy: number }[],
  seconds: readonly number[],
): Pick<Measured, 'validationAccuracy' | 'epochSeconds'> {
  const warm = seconds.slice(seconds.length > 1 ? 1 : 0).sort((a, b) => a - b);
  return {
    validationAccuracy: Math.max(...epochs.map((epoch) => epoch.validationAccuracy)),
    epochSeconds: warm[Math.floor(warm.length / 2)] ?? Number.NaN,
  };
}

interface Target {
  readonly target: string;
  met(ours: number, peer: number): boolean;
}

const free: Target = { target: '-', met: () => true };
const atMost = (ratio: number): Target => ({
  target: `at most ${ratio} of peer`,
  met: (ours, peer) => ours <= ratio * peer,
});

function row(
  what: string,
  unit: string,
  pair: Pair,
  figure: (one: Measured) => number,
  { target, met }: Target,
): Row {
  const [ours, peer] = [figure(pair.ours), figure(pair.peer)];
  return { what, unit, ours, peer, ratio: ours / peer, target, ok: met(ours, peer) };
}

function costs(what: string, pair: Pair): Row[] {
  return [
    row(`${what}: CPU`, 's', pair, ({ cpuSeconds }) => cpuSeconds, free),
    row(`${what}: peak memory`, 'MiB', pair, ({ peakRssBytes }) => peakRssBytes / 2 ** 20, free),
  ];
}
