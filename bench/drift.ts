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
const SIZES = [25, 50, 75, 100, 150, 200, 230];
const CURVE_SIZES = [50, 100, 200];
/** Windows of each stream for a curve, each in an order of its own. */
const DRAWS = 5;

/** All of the stream changed, and three products in ten, which is harder. */
const KINDS: readonly Kind[] = [1, 0.3].flatMap((share) => [
  ...Object.keys(CHANGES).map((name) => products(name, share)),
  codeMix(share),
]);

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
    const bytes = JSON.stringify(partings[0]?.reference).length;
    const record = Math.max(...rows.map(({ unchanged }) => JSON.stringify(unchanged).length));
    return [
      under('a record of what is watched, beside an answer', 'us', median(microseconds), 300),
      under('the longest record', 'bytes', record, 300),
      under('the reference of a bundle', 'KB', bytes / 1000, 200),
      ...falseAlarms(partings),
      ...KINDS.flatMap((kind) => detection(partings, kind)),
      ...[UNCHANGED, ...KINDS.filter(({ share }) => share === 1)].map((kind) => estimate(partings, kind)),
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

function detection(partings: readonly Parting[], kind: Kind): Row[] {
  const whole = kind.share === 1;
  const name = whole ? kind.name : `${kind.name}, ${Math.round(100 * kind.share)} % of it`;
  const rows: Row[] = [...(whole ? [within(partings, kind, name)] : []), alarming(partings, kind, name)];
  for (const n of CURVE_SIZES) {
    const scores = (one: Kind) =>
      partings.flatMap((parting) =>
        Array.from({ length: DRAWS }, (_, draw) => check(parting, one, n, draw)).flatMap((report) =>
          report ? [scoreOf(report)] : [],
        ),
      );
    const changed = scores(kind);
    if (changed.length === 0) continue;
    const area = areaUnderCurve(scores(UNCHANGED), changed);
    const wanted = whole && n === 200;
    rows.push({
      what: `${name}: AUC, windows of ${n}`,
      ...{ unit: '', ours: area },
      ...absolute(wanted ? 'at least 0.99' : '-', !wanted || area >= 0.99),
    });
  }
  return rows;
}

/** The smallest size from which on every stream alarms. */
function within(partings: readonly Parting[], kind: Kind, name: string): Row {
  const all = SIZES.map((n) => partings.every((parting) => alarms(parting, kind, n)));
  const ours = SIZES[all.lastIndexOf(false) + 1] ?? Number.POSITIVE_INFINITY;
  return {
    what: `${name}: every stream alarms within`,
    ...{ unit: 'predictions', ours },
    ...absolute('within 200', ours <= 200),
  };
}

function alarming(partings: readonly Parting[], kind: Kind, name: string): Row {
  const share = partings.filter((parting) => alarms(parting, kind, 200)).length / partings.length;
  return {
    what: `${name}: streams that alarm within 200`,
    ...{ unit: '', ours: share },
    ...absolute('-', true),
  };
}

function alarms(parting: Parting, kind: Kind, n: number): boolean {
  const report = check(parting, kind, n);
  return report !== null && isAlarm(report);
}

/** How far the estimate of accuracy, without labels, lies from the truth: the mean over windows of 200. */
function estimate(partings: readonly Parting[], kind: Kind): Row {
  const reports = partings.flatMap((parting) =>
    Array.from({ length: DRAWS }, (_, draw) => check(parting, kind, 200, draw)).flatMap(
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
