import { random, shuffled } from '../../data/random.ts';
import { TYPE_CODES, type TypeCode } from '../../data/type-codes.ts';
import type { DriftFeatures } from '../../models/drift/features.ts';
import { createReference, type Reference } from '../../models/drift/reference.ts';
import { type DriftReport, driftReport } from '../../models/drift/report.ts';

/** A held-out row as it would be recorded, unchanged and changed. */
export interface StreamRow {
  readonly code: TypeCode;
  readonly unchanged: DriftFeatures;
  readonly changed: Readonly<Record<string, DriftFeatures>>;
}

/** One way to part the held-out rows: a reference, and a stream of the others. */
export interface Parting {
  readonly reference: Reference;
  readonly stream: readonly StreamRow[];
}

const REFERENCE_SHARE = 0.4;

export function part(rows: readonly StreamRow[], knownWords: string, seed: number): Parting {
  const order = shuffled(rows, random(seed, 'drift', 'parting'));
  const cut = Math.round(REFERENCE_SHARE * order.length);
  const known = order.slice(0, cut).map(({ code, unchanged }) => ({ code, features: unchanged }));
  return { reference: createReference(known, { knownWords, seed }), stream: order.slice(cut) };
}

export interface Kind {
  readonly name: string;
  /** Harder than what must be told within 200 predictions: shown to compare. */
  readonly hard: boolean;
  /** What it becomes. `next` gives numbers in 0..1. */
  apply(stream: readonly StreamRow[], next: () => number): readonly StreamRow[];
}

export const UNCHANGED: Kind = { name: 'nothing', hard: false, apply: (stream) => stream };

/** That share of the products changed as bench/drift/changes.ts says. */
export function products(name: string, share: number): Kind {
  return {
    name: share === 1 ? name : `${name}, ${Math.round(100 * share)} % of it`,
    hard: share < 1,
    apply: (stream, next) =>
      stream.map((row) => (next() < share ? { ...row, unchanged: row.changed[name] ?? row.unchanged } : row)),
  };
}

/** One code in so many is left. Their products come again, or there would not be enough. */
export function codeMix(every: number): Kind {
  return {
    name: `one code in ${every} left`,
    hard: every < 4,
    apply: (stream, next) => {
      const left = stream.filter(({ code }) => TYPE_CODES.indexOf(code) % every === 0);
      return stream.map(() => left[Math.floor(next() * left.length)] as StreamRow);
    },
  };
}

/** The first `n` of the stream in an order of their own; null where it has not so many. */
export function check(
  { reference, stream }: Parting,
  kind: Kind,
  n: number,
  ...order: readonly (string | number)[]
): (DriftReport & { readonly accuracy: number }) | null {
  const next = random(1, 'drift', 'stream', kind.name, ...order);
  const rows = kind.apply(shuffled(stream, next), next).slice(0, n);
  if (rows.length < n) return null;
  const predictions = rows.map(({ unchanged }) => unchanged);
  const right = rows.filter(({ code, unchanged }) => unchanged.code === code).length;
  return {
    ...driftReport(reference, { from: null, to: null, predictions, checked: null }),
    accuracy: right / n,
  };
}

export const isAlarm = ({ level }: DriftReport) => level === 'alert' || level === 'retrain';

/** What the detector goes by: the largest deviation of all features. */
export const scoreOf = ({ statistics }: DriftReport) => statistics[0]?.deviation ?? 0;

/** Area under the ROC curve: how often a changed window scores above an unchanged one; a tie counts half. */
export function areaUnderCurve(unchanged: readonly number[], changed: readonly number[]): number {
  let wins = 0;
  for (const high of changed) for (const low of unchanged) wins += high > low ? 1 : high === low ? 0.5 : 0;
  return wins / (unchanged.length * changed.length);
}
