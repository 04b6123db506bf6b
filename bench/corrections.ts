import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig } from '../config.ts';
import type { Part } from '../data/catalogue.ts';
import { splitCorrections } from '../data/split.ts';
import { TYPE_CODES } from '../data/type-codes.ts';
import { compareAnswers, weightedF1 } from '../models/evaluation/bootstrap.ts';
import { family } from '../models/families.ts';
import { trainAndDeployInput } from '../temporal/inputs.ts';
import { benchCatalogue, type LabelledRow, splitRowOf } from './catalogue.ts';
import { answersOf, benchProcesses, crossValidate, labelsOf } from './cross-validation.ts';
import { CHANGES } from './drift/changes.ts';
import { crossValidationSplits, groupedFolds, type Split } from './folds.ts';
import { benchEncoder, benchFeatures, benchTextEncoder } from './material.ts';
import type { Row } from './row.ts';

const SEED = 42;

/** What has become of the stream since the champion was trained. */
interface Kind {
  readonly name: string;
  /** null: a product that no longer comes. */
  readonly change: (row: LabelledRow) => LabelledRow | null;
}

/** What people send: the code of every product that they look at, or only where the answer was wrong. */
type Sent = 'all' | 'errors';

const KINDS: readonly Kind[] = [
  ...['English in the place of French', 'half of the words unheard of'].map((name) => ({
    name,
    change: (row: LabelledRow) => ({ ...row, ...CHANGES[name]?.text?.(row) }),
  })),
  {
    name: 'one code in 4 left',
    change: (row) => (TYPE_CODES.indexOf(row.code) % 4 === 0 ? row : null),
  },
];

/** One half of the catalogue is learned from, the other half comes later: `first` and `second` of it. */
interface Halves {
  readonly learned: Split;
  readonly stream: readonly [readonly number[], readonly number[]];
}

/**
 * What corrections are worth on a changed stream: a champion of one half of the catalogue answers the other half,
 * changed. People look at one part of that stream, and confirm or correct; trained again with that, it answers the other
 * part. Once more they send only what was wrong, which teaches less. Both halves and both parts take turns, so every row is judged once, by a model that knows nothing of its product.
 */
export async function corrections(say: (line: string) => void): Promise<Row[]> {
  const config = readConfig();
  const weight = config.CORRECTION_WEIGHT;
  const directory = await mkdtemp(join(tmpdir(), 'etiquette-bench-'));
  const processes = benchProcesses();
  try {
    const catalogue = await benchCatalogue(config, say);
    const one = family(trainAndDeployInput.parse({}).family);
    const encoder = await benchEncoder(config, one.image.encoder, say);
    const textEncoder = await benchTextEncoder(config, one, {}, say);
    const features = { directory: join(config.VAR_DIR, 'bench', 'features'), ml: processes.vision };
    const shards = await benchFeatures(one, encoder, catalogue, features);
    const answer = async (name: string, rows: readonly LabelledRow[], split: Split) => {
      const run = { family: one, processes, say, textEncoder, shards, directory: join(directory, name) };
      const found = await crossValidate({ ...run, catalogue: { ...catalogue, rows }, splits: [split] });
      const answers = answersOf(found.fused);
      return split.test.map((place) => answers[place] as number);
    };
    const labels = labelsOf(catalogue.rows);
    const found: Row[] = [];
    for (const kind of KINDS) {
      say(kind.name);
      const halves = await turn(kind, catalogue.rows, answer);
      for (const sent of ['all', 'errors'] as const) {
        found.push(rowOf(kind, sent, await judge(halves, sent, { labels, weight, answer })));
      }
    }
    return found;
  } finally {
    await processes.close();
    await rm(directory, { recursive: true, force: true });
  }
}

interface Judged {
  readonly labels: number[];
  readonly without: number[];
  readonly with: number[];
  /** How many products were corrected, in each of the four turns. */
  readonly corrected: number[];
}

type Answer = (name: string, rows: readonly LabelledRow[], split: Split) => Promise<number[]>;

/** One half of the rows learned from, the other half as it comes now, and what the champion says of it. */
interface Turned {
  readonly name: string;
  readonly now: readonly LabelledRow[];
  readonly learned: Split;
  /** Both parts of the stream, without what no longer comes. */
  readonly there: readonly [readonly number[], readonly number[]];
  /** Class indexes. */
  readonly champion: Int32Array;
}

async function turn(kind: Kind, rows: readonly LabelledRow[], answer: Answer): Promise<Turned[]> {
  const found: Turned[] = [];
  for (const [half, { learned, stream }] of halvesOf(rows).entries()) {
    const changed = rows.map(kind.change);
    const there = stream.map((places) => places.filter((place) => changed[place])) as [number[], number[]];
    // As the stream is now; what the champion has learned from stays as it was.
    const inStream = new Set(stream.flat());
    const now = rows.map((row, place) => (inStream.has(place) ? (changed[place] ?? row) : row));
    const name = `${kind.name}-${half}`;
    const champion = new Int32Array(rows.length);
    const test = there.flat();
    (await answer(name, now, { ...learned, test })).forEach((code, at) => {
      champion[test[at] as number] = code;
    });
    found.push({ name, now, learned, there, champion });
  }
  return found;
}

async function judge(
  halves: readonly Turned[],
  sent: Sent,
  { labels, weight, answer }: { labels: Int32Array; weight: number; answer: Answer },
): Promise<Judged> {
  const result: Judged = { labels: [], without: [], with: [], corrected: [] };
  const pick = (from: Int32Array, places: readonly number[]) => places.map((place) => from[place] as number);
  for (const { name, now, learned, there, champion } of halves) {
    for (const part of [0, 1] as const) {
      const [seen, judged] = [there[part], there[part === 0 ? 1 : 0]];
      const corrected = seen.filter((place) => sent === 'all' || champion[place] !== labels[place]);
      const counted = new Set(corrected);
      const weighted = now.map((row, place) => (counted.has(place) ? { ...row, weight } : row));
      const split = { ...withCorrected(now, learned, corrected), test: judged };
      result.with.push(...(await answer(`${name}-${part}-${sent}`, weighted, split)));
      result.without.push(...pick(champion, judged));
      result.labels.push(...pick(labels, judged));
      result.corrected.push(corrected.length);
    }
  }
  return result;
}

function halvesOf(rows: readonly LabelledRow[]): Halves[] {
  const keys = rows.map(splitRowOf);
  return crossValidationSplits(keys, { folds: 2, seed: 1 }).map((learned) => {
    const foldOf = groupedFolds(
      learned.test.map((place) => splitRowOf(rows[place] as LabelledRow)),
      2,
      SEED,
    );
    const fold = (wanted: number) =>
      learned.test.filter((place) => foldOf.get((rows[place] as LabelledRow).row) === wanted);
    return { learned, stream: [fold(0), fold(1)] };
  });
}

/** As the pipeline parts corrections: those that it tests on teach nothing. */
function withCorrected(rows: readonly LabelledRow[], learned: Split, wrong: readonly number[]): Split {
  const keysOf = (places: readonly number[]) => places.map((place) => splitRowOf(rows[place] as LabelledRow));
  const parts = new Map<string, Part>([
    ...keysOf(learned.train).map(({ row }) => [row, 'train'] as const),
    ...keysOf(learned.validation).map(({ row }) => [row, 'validation'] as const),
  ]);
  const known = keysOf([...learned.train, ...learned.validation]);
  const partOf = splitCorrections(keysOf(wrong), known, parts, SEED);
  const inPart = (part: Part) =>
    wrong.filter((place) => partOf.get((rows[place] as LabelledRow).row) === part);
  return {
    train: [...learned.train, ...inPart('train')],
    validation: [...learned.validation, ...inPart('validation')],
    test: [],
  };
}

function rowOf({ name }: Kind, sent: Sent, { labels, without, with: ours, corrected }: Judged): Row {
  const [after, before] = [weightedF1(labels, ours), weightedF1(labels, without)];
  const { lead } = compareAnswers(labels, ours, without);
  const points = (value: number) => (100 * value).toFixed(1);
  const mean = Math.round(corrected.reduce((sum, count) => sum + count, 0) / corrected.length);
  const what = sent === 'all' ? `${mean} products looked at` : `the ${mean} wrong ones alone`;
  return {
    what: `${name}, ${what}: weighted F1 (peer: without), lead ${points(lead.low)} to ${points(lead.high)} points`,
    ...{ unit: '', ours: after, peer: before, ratio: after / before },
    ...{ target: sent === 'all' ? 'lead above 0' : '-', ok: sent !== 'all' || lead.low > 0 },
  };
}
