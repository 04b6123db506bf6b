import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig } from '../config.ts';
import { compareAnswers, f1Interval, type Interval, weightedF1 } from '../models/evaluation/bootstrap.ts';
import { calibrationError, reliabilityOf } from '../models/evaluation/calibration.ts';
import { CLASSES } from '../models/evaluation/rows.ts';
import { FAMILY_NAMES, family } from '../models/families.ts';
import type { Parameters } from '../models/runtime/jobs.ts';
import { ORIGINAL_LSTM } from '../models/text/lstm/parameters.ts';
import { trainAndDeployInput } from '../temporal/inputs.ts';
import { type BenchCatalogue, benchCatalogue, splitRowOf } from './catalogue.ts';
import { answersOf, benchProcesses, crossValidate, labelsOf, type OutOfFold } from './cross-validation.ts';
import { crossValidationSplits, type Split } from './folds.ts';
import { benchEncoder, benchFeatures, benchTextEncoder } from './material.ts';
import { runPeer } from './peer.ts';
import { type CurvePoint, writeLearningCurve } from './quality-chart.ts';
import type { Row } from './row.ts';

const SEED = 1;
/** Of the rows outside a fold: the learning curve's points. The last is all of them, for the figures. */
const QUARTERS = [1, 2, 4] as const;

const STANDARD = trainAndDeployInput.parse({}).family;
const ORIGINAL_FAMILY = 'lstm-vgg16';

/**
 * Cross-validates every family on one catalogue, and scikit-learn's LinearSVC on the same folds. BENCH_FOLDS
 * (default 5) makes it shorter. Text answers are scored on all rows, pictures and the fusion on rows with a
 * picture.
 */
export async function quality(say: (line: string) => void): Promise<Row[]> {
  const config = readConfig();
  const folds = Number(process.env.BENCH_FOLDS || 5);
  const home = join(config.VAR_DIR, 'bench');
  const directory = await mkdtemp(join(tmpdir(), 'etiquette-bench-'));
  const processes = benchProcesses();
  try {
    const catalogue = await benchCatalogue(config, say);
    const keys = catalogue.rows.map(splitRowOf);
    const splitsOf = (quarters: number) => crossValidationSplits(keys, { folds, seed: SEED, quarters });
    const labels = labelsOf(catalogue.rows);
    const whole = splitsOf(4);
    const point = (model: string, splits: readonly Split[], answers: Int32Array): CurvePoint => ({
      model,
      rows: splits.reduce((sum, { train, validation }) => sum + train.length + validation.length, 0) / folds,
      weightedF1: weightedF1(labels, answers),
    });

    const curve: CurvePoint[] = [];
    let peer = new Int32Array(0);
    for (const quarters of QUARTERS) {
      say(`LinearSVC on ${quarters * 25} % of the rows.`);
      peer = await linearSvc(catalogue, splitsOf(quarters), labels, say);
      curve.push(point('LinearSVC', splitsOf(quarters), peer));
    }

    const found = new Map<string, OutOfFold>();
    for (const [name, { family: familyName, text }] of variants()) {
      const one = family(familyName);
      say(`${name}: features of the pictures.`);
      const encoder = await benchEncoder(config, one.image.encoder, say);
      const textEncoder = await benchTextEncoder(config, one, text, say);
      const features = { directory: join(home, 'features'), ml: processes.vision };
      const pictures = catalogue.rows.some(({ picture }) => picture !== null);
      const shards = pictures ? await benchFeatures(one, encoder, catalogue, features) : null;
      // A curve costs most of the time: only the family that is trained when none is named gets one.
      for (const quarters of name === STANDARD ? QUARTERS : ([4] as const)) {
        say(`${name} on ${quarters * 25} % of the rows.`);
        const result = await crossValidate({
          ...{ family: one, catalogue, processes, say, text, textEncoder },
          splits: splitsOf(quarters),
          shards: quarters === 4 ? shards : null,
          directory: join(directory, `${name}-${quarters}`),
        });
        found.set(name, result);
        curve.push(point(`${name} text`, splitsOf(quarters), answersOf(result.text)));
      }
    }
    say(`${ORIGINAL_FAMILY}, the text model in the original's form.`);
    const original = await crossValidate({
      ...{ family: family(ORIGINAL_FAMILY), catalogue, processes, say },
      textEncoder: await benchTextEncoder(config, family(ORIGINAL_FAMILY), ORIGINAL_LSTM, say),
      ...{ splits: whole, shards: null, text: ORIGINAL_LSTM, directory: join(directory, 'original') },
    });
    say(`Learning curve: ${await writeLearningCurve(home, curve)}`);
    return rowsOf({ catalogue, labels, found, original: answersOf(original.text), peer });
  } finally {
    await processes.close();
    await rm(directory, { recursive: true, force: true });
  }
}

/** Every family, and the one that is trained when none is named without its sentence encoder too. */
function variants(): Map<string, { family: string; text: Parameters }> {
  const whole = FAMILY_NAMES.map((name) => [name, { family: name, text: {} }] as const);
  return new Map([
    ...whole,
    [`${STANDARD} without encoder`, { family: STANDARD, text: { encoder: 'none' } }],
  ]);
}

async function linearSvc(
  { rows }: BenchCatalogue,
  splits: readonly Split[],
  labels: Int32Array,
  say: (line: string) => void,
): Promise<Int32Array<ArrayBuffer>> {
  const { result, wallSeconds } = await runPeer<{ predictions: number[][]; features: number }>(
    'linear_svc',
    {
      texts: rows.map(({ designation, description }) => `${designation} ${description}`),
      labels: [...labels],
      // It stops early at nothing: it may learn from the validation rows too.
      splits: splits.map(({ train, validation, test }) => ({ train: [...train, ...validation], test })),
    },
    say,
  );
  say(`  ${wallSeconds.toFixed(0)} s, ${result.features} features`);
  const answers = new Int32Array(rows.length);
  splits.forEach(({ test }, fold) => {
    test.forEach((place, at) => {
      answers[place] = result.predictions[fold]?.[at] ?? 0;
    });
  });
  return answers;
}

interface Found {
  readonly catalogue: BenchCatalogue;
  readonly labels: Int32Array;
  readonly found: ReadonlyMap<string, OutOfFold>;
  readonly original: Int32Array;
  readonly peer: Int32Array;
}

/** Targets hold for the family that is trained when none is named; other families are there to compare. */
function rowsOf({ catalogue, labels, found, original, peer }: Found): Row[] {
  const withPicture = [...catalogue.rows.keys()].filter((row) => catalogue.rows[row]?.picture);
  const pictured = (values: Int32Array) => Int32Array.from(withPicture, (row) => values[row] ?? 0);
  const truth = pictured(labels);
  const rows: Row[] = [];
  for (const [name, { text, image, fused }] of found) {
    const isStandard = name === STANDARD;
    const words = answersOf(text);
    rows.push(against(`${name} text`, 'LinearSVC', labels, words, peer, isStandard ? 0.02 : null));
    if (name === ORIGINAL_FAMILY) rows.push(mended(labels, words, original));
    if (withPicture.length === 0) continue;
    const [seen, joined, read] = [image, fused, text].map((part) => pictured(answersOf(part))) as [
      Int32Array,
      Int32Array,
      Int32Array,
    ];
    const imageF1 = weightedF1(truth, seen);
    rows.push({
      what: `${name} picture ${span(f1Interval(truth, seen))}`,
      ...{ unit: 'F1', ours: imageF1, peer: null, ratio: null, target: '-', ok: true },
    });
    rows.push(against(`${name} fused`, 'its text', truth, joined, read, isStandard ? 0.03 : null));
    if (isStandard) rows.push(...confidence(name, fused, labels));
  }
  return rows;
}

/** A row of weighted F1; in brackets the bootstrap intervals of ours and of its lead. */
function against(
  name: string,
  other: string,
  labels: Int32Array,
  answers: Int32Array,
  others: Int32Array,
  least: number | null,
): Row {
  const [ours, peer] = [weightedF1(labels, answers), weightedF1(labels, others)];
  const lead = span(compareAnswers(labels, answers, others).lead);
  return {
    what: `${name} ${span(f1Interval(labels, answers))} over ${other}, lead ${lead}`,
    ...{ unit: 'F1', ours, peer, ratio: ours / peer },
    target: least === null ? '-' : `${least * 100} points above`,
    ok: least === null || ours - peer >= least,
  };
}

function mended(labels: Int32Array, answers: Int32Array, original: Int32Array): Row {
  const row = against('LSTM', 'its original form', labels, answers, original, null);
  return { ...row, target: 'at least twice', ok: row.ours >= 2 * (row.peer ?? 0) };
}

function confidence(name: string, fused: Float32Array, labels: Int32Array): Row[] {
  const ece = calibrationError(reliabilityOf(fused, labels));
  const half = halfCoverage(fused, labels);
  return [
    {
      what: `${name} fused, expected calibration error`,
      ...{ unit: '', ours: ece, peer: null, ratio: null, target: 'under 0.05', ok: ece < 0.05 },
    },
    {
      what: `${name} fused, accuracy on the surer half`,
      ...{ unit: '', ours: half, peer: null, ratio: null, target: 'at least 0.92', ok: half >= 0.92 },
    },
  ];
}

/** Accuracy on the half of the rows whose answers are the surest. */
export function halfCoverage(probabilities: Float32Array, labels: ArrayLike<number>): number {
  const answers = answersOf(probabilities);
  const sureness = (row: number) => probabilities[row * CLASSES + (answers[row] ?? 0)] ?? 0;
  const surest = [...answers.keys()]
    .sort((a, b) => sureness(b) - sureness(a))
    .slice(0, Math.ceil(answers.length / 2));
  return surest.filter((row) => answers[row] === labels[row]).length / surest.length;
}

const span = ({ low, high }: Interval) => `[${low.toFixed(3)}, ${high.toFixed(3)}]`;
