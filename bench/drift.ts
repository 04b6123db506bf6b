import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig } from '../config.ts';
import { benchCatalogue } from './catalogue.ts';
import { type Champion, trainChampion } from './drift/champion.ts';
import { CHANGES } from './drift/changes.ts';
import {
  areaUnderCurve,
  check,
  codeMix,
  isAlarm,
  type Kind,
  type Parting,
  part,
  products,
  type StreamRow,
  scoreOf,
  UNCHANGED,
} from './drift/streams.ts';
import type { Row } from './row.ts';

const STREAMS = 20;
const SIZES = [25, 50, 75, 100, 150, 200];
const CURVE_SIZES = [50, 100, 200];
/** Windows of each stream for a curve, each in an order of its own. */
const DRAWS = 5;

const KINDS: readonly Kind[] = [
  ...Object.keys(CHANGES).map((name) => products(name, 1)),
  codeMix(4),
  ...Object.keys(CHANGES).map((name) => products(name, 0.3)),
  codeMix(2),
];

/**
 * How soon a changed stream is told from an unchanged one: a champion trained on half of the catalogue answers the
 * other half, as it is and changed. Twenty times these rows are parted at random, two fifths as reference and the
 * rest as stream.
 */
export async function drift(say: (line: string) => void): Promise<Row[]> {
  const config = readConfig();
  const directory = await mkdtemp(join(tmpdir(), 'etiquette-bench-'));
  const catalogue = await benchCatalogue(config, say);
  const champion = await trainChampion(config, catalogue, directory, say);
  try {
    const { rows, microseconds } = await answerAll(champion, say);
    say(`${STREAMS} references and streams.`);
    const partings = Array.from({ length: STREAMS }, (_, seed) => part(rows, champion.knownWords, seed));
    const unchanged = new Map(CURVE_SIZES.map((n) => [n, scores(partings, UNCHANGED, n)]));
    const bytes = JSON.stringify(partings[0]?.reference).length;
    const record = Math.max(...rows.map(({ unchanged }) => JSON.stringify(unchanged).length));
    return [
      under('a record of what is watched, beside an answer', 'us', median(microseconds), 300),
      under('the longest record', 'bytes', record, 300),
      under('the reference of a bundle', 'KB', bytes / 1000, 200),
      ...falseAlarms(partings),
      ...KINDS.flatMap((kind) => detection(partings, kind, unchanged)),
      ...[UNCHANGED, ...KINDS.filter(({ hard }) => !hard)].map((kind) => estimate(partings, kind)),
    ];
  } finally {
    await champion.close();
    await rm(directory, { recursive: true, force: true });
  }
}

async function answerAll(champion: Champion, say: (line: string) => void) {
  say('Answers to the other half.');
  const { features, microseconds } = await champion.answer({});
  const changed: Record<string, typeof features> = {};
  for (const [name, change] of Object.entries(CHANGES)) {
    say(`The same with ${name}.`);
    changed[name] = (await champion.answer(change)).features;
  }
  const rows = champion.heldOut.map(
    ({ code }, at): StreamRow => ({
      code,
      unchanged: features[at] as StreamRow['unchanged'],
      changed: Object.fromEntries(
        Object.entries(changed).map(([name, all]) => [name, all[at] as StreamRow['unchanged']]),
      ),
    }),
  );
  return { rows, microseconds };
}

/** Of every stream its first 100, 200 and 300 predictions. */
function falseAlarms(partings: readonly Parting[]): Row[] {
  const reports = partings.flatMap((parting) =>
    [100, 200, 300].flatMap((n) => check(parting, UNCHANGED, n) ?? []),
  );
  const warned = reports.filter(({ level }) => level !== 'ok').length;
  const alarms = reports.filter(isAlarm).length;
  const checks = `${reports.length} checks of ${partings.length} unchanged streams`;
  return [
    { what: `alarms, ${checks}`, unit: '', ours: alarms, ...absolute('none', alarms === 0) },
    { what: `warnings or more, ${checks}`, unit: '', ours: warned, ...absolute('at most 3', warned <= 3) },
  ];
}

/** Of several windows of each stream. */
function scores(partings: readonly Parting[], kind: Kind, n: number): number[] {
  const draws = [...Array(DRAWS).keys()];
  return partings.flatMap((parting) =>
    draws.flatMap((draw) => {
      const report = check(parting, kind, n, draw);
      return report ? [scoreOf(report)] : [];
    }),
  );
}

/** `unchanged`: scores of unchanged windows by their size. */
function detection(
  partings: readonly Parting[],
  kind: Kind,
  unchanged: ReadonlyMap<number, readonly number[]>,
): Row[] {
  const { name, hard } = kind;
  const curve = CURVE_SIZES.flatMap((n) => {
    const changed = scores(partings, kind, n);
    return changed.length === 0 ? [] : [{ n, area: areaUnderCurve(unchanged.get(n) ?? [], changed) }];
  });
  return [
    hard ? alarming(partings, kind) : within(partings, kind),
    ...curve.map(({ n, area }, at): Row => {
      const judged = !hard && at === curve.length - 1;
      return {
        what: `${name}: AUC, windows of ${n}`,
        ...{ unit: '', ours: area },
        ...absolute(judged ? 'at least 0.99' : '-', !judged || area >= 0.99),
      };
    }),
  ];
}

/** The smallest size from which on every stream alarms. */
function within(partings: readonly Parting[], kind: Kind): Row {
  const all = SIZES.map((n) => alarms(partings, kind, n) === 1);
  const ours = SIZES[all.lastIndexOf(false) + 1] ?? Number.POSITIVE_INFINITY;
  return {
    what: `${kind.name}: every stream alarms within`,
    ...{ unit: 'predictions', ours },
    ...absolute('within 200', ours <= 200),
  };
}

/** Harder kinds: the share of the streams. */
function alarming(partings: readonly Parting[], kind: Kind): Row {
  return {
    what: `${kind.name}: streams that alarm within 200`,
    ...{ unit: '', ours: alarms(partings, kind, 200) },
    ...absolute('-', true),
  };
}

function alarms(partings: readonly Parting[], kind: Kind, n: number): number {
  const reports = partings.map((parting) => check(parting, kind, n));
  return reports.filter((report) => report !== null && isAlarm(report)).length / partings.length;
}

/** How far the estimate of accuracy, without labels, lies from the truth: the mean over windows of 100. */
function estimate(partings: readonly Parting[], kind: Kind): Row {
  const reports = partings.flatMap((parting) =>
    Array.from({ length: DRAWS }, (_, draw) => check(parting, kind, 100, draw)).flatMap(
      (report) => report ?? [],
    ),
  );
  const mean = (of: (report: (typeof reports)[number]) => number) =>
    reports.reduce((sum, report) => sum + of(report), 0) / reports.length;
  const estimated = mean(({ estimatedAccuracy }) => estimatedAccuracy?.value ?? Number.NaN);
  const inside = mean(({ estimatedAccuracy: found, accuracy }) =>
    found && found.low <= accuracy && accuracy <= found.high ? 1 : 0,
  );
  const held = kind === UNCHANGED;
  return {
    what: `${kind.name} changed: accuracy estimated without labels (peer: the true one), in its interval ${Math.round(100 * inside)} %`,
    ...{ unit: '', ours: estimated, peer: mean(({ accuracy }) => accuracy) },
    ratio: estimated / mean(({ accuracy }) => accuracy),
    target: held ? 'interval holds 90 %' : '-',
    ok: !held || inside >= 0.9,
  };
}

const absolute = (target: string, ok: boolean) => ({ peer: null, ratio: null, target, ok });

const under = (what: string, unit: string, ours: number, limit: number): Row => ({
  ...{ what, unit, ours },
  ...absolute(`under ${limit}`, ours < limit),
});

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}
