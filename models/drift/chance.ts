import { z } from 'zod';
import { random } from '../../data/random.ts';
import { type Rows, type Tally, tally } from './sample.ts';
import { strength } from './strength.ts';
import { FEATURE_NAMES, type FeatureName } from './watched.ts';

/** Rows of a window that chance is simulated for; between them it is interpolated. */
const WINDOWS = [30, 100, 300, 1000];
/** A larger reference is drawn from as if it had so many: the strengths do not depend on it any more. */
const MOST_DRAWN = 2000;
/** Of simulated windows: beyond it the tail is taken to fall exponentially. */
export const TAIL = 0.05;
/** Where hardly any row differs, strengths are jumps with nothing between them: less spread would make alarms of one. */
const LEAST_SPREAD = 0.15;

/** What strengths come to when nothing has changed. */
export const chanceSchema = z.strictObject({
  /** By feature: [rows that have it, mean strength, standard deviation], rows ascending. */
  features: z.record(z.string(), z.array(z.tuple([z.number(), z.number(), z.number().positive()]))),
  /**
   * Of the largest of all features' deviations: [rows of the window, what 5 % of windows pass, by how much those pass
   * it in the mean].
   */
  largest: z.array(z.tuple([z.number(), z.number(), z.number().positive()])),
});
export type Chance = z.infer<typeof chanceSchema>;

/**
 * Draws windows, and references beside them, from the reference's own rows: both are samples of the same stream, so
 * their difference is what chance does to samples of these sizes. Whole rows are drawn; features that go together do
 * so here too.
 */
export function simulateChance(rows: Rows, seed: number, simulations: number): Chance {
  const features: Record<string, [number, number, number][]> = {};
  const largest: [number, number, number][] = [];
  const picks = Array.from({ length: rows.length }, (_, row) => row);
  const whole = tally(rows, picks);
  for (const size of WINDOWS) {
    const next = random(seed, 'drift', 'chance', size);
    const draw = (n: number) => {
      const drawn = Uint32Array.from({ length: n }, () => Math.floor(next() * rows.length));
      const tallies = tally(rows, drawn);
      tallies.forEach((one, feature) => {
        smooth(one, (whole[feature] as Tally).n, next);
      });
      return tallies;
    };
    const strengths = FEATURE_NAMES.map(() => new Float64Array(simulations));
    const counts = FEATURE_NAMES.map(() => 0);
    for (let simulation = 0; simulation < simulations; simulation++) {
      const then = draw(Math.min(rows.length, MOST_DRAWN));
      const now = draw(size);
      FEATURE_NAMES.forEach((name, feature) => {
        const [before, after] = [then[feature] as Tally, now[feature] as Tally];
        (strengths[feature] as Float64Array)[simulation] = strength(name, before, after);
        counts[feature] = (counts[feature] as number) + after.n / simulations;
      });
    }
    const maxima = new Float64Array(simulations).fill(Number.NEGATIVE_INFINITY);
    FEATURE_NAMES.forEach((name, feature) => {
      const own = strengths[feature] as Float64Array;
      const spread = spreadOf(own);
      if (!spread) return;
      features[name] = [
        ...(features[name] ?? []),
        [digits(counts[feature] as number), spread.mean, spread.deviation],
      ];
      own.forEach((value, simulation) => {
        const deviation = (value - spread.mean) / spread.deviation;
        if (deviation > (maxima[simulation] as number)) maxima[simulation] = deviation;
      });
    });
    largest.push([size, ...tailOf(maxima)]);
  }
  return { features, largest };
}

/**
 * Moves some rows to other cells, as if half a row more had been in each cell of the reference: what did not occur
 * among some hundred rows may occur in the next hundred.
 */
function smooth({ n, counts }: Tally, referenceRows: number, next: () => number): void {
  const cells = counts.length;
  const share = cells / 2 / (referenceRows + cells / 2);
  for (let move = Math.floor(n * share + next()); move > 0; move--) {
    let rank = Math.floor(next() * n);
    let from = 0;
    while (from < cells - 1 && rank >= (counts[from] as number)) rank -= counts[from++] as number;
    const to = Math.floor(next() * cells);
    counts[from] = (counts[from] as number) - 1;
    counts[to] = (counts[to] as number) + 1;
  }
}

/** null: half of the windows, or more, had too few rows with this feature. */
function spreadOf(strengths: Float64Array): { readonly mean: number; readonly deviation: number } | null {
  const judged = strengths.filter((value) => !Number.isNaN(value));
  if (judged.length * 2 <= strengths.length) return null;
  const mean = judged.reduce((sum, value) => sum + value, 0) / judged.length;
  const variance = judged.reduce((sum, value) => sum + (value - mean) ** 2, 0) / judged.length;
  return { mean: digits(mean), deviation: digits(Math.max(LEAST_SPREAD, Math.sqrt(variance))) };
}

function tailOf(maxima: Float64Array): [number, number] {
  const sorted = maxima.toSorted();
  const beyond = sorted.subarray(Math.floor(sorted.length * (1 - TAIL)));
  const start = Math.max(0, beyond[0] ?? 0);
  const excess = beyond.reduce((sum, value) => sum + value - start, 0) / Math.max(1, beyond.length);
  return [digits(start), digits(Math.max(0.05, excess))];
}

/** How far a strength lies above the mean that chance gives, in standard deviations; null: not judged. */
export function deviationOf(chance: Chance, name: FeatureName, rows: number, strong: number): number | null {
  const spread = spreadAt(chance, name, rows);
  return spread === null || Number.isNaN(strong) ? null : (strong - spread.mean) / spread.deviation;
}

export function strengthAt(chance: Chance, name: FeatureName, rows: number, deviation: number): number {
  const spread = spreadAt(chance, name, rows);
  return spread === null ? Number.POSITIVE_INFINITY : spread.mean + deviation * spread.deviation;
}

function spreadAt(chance: Chance, name: FeatureName, rows: number) {
  const found = interpolate(chance.features[name] ?? [], rows);
  return found && { mean: found[0], deviation: found[1] };
}

/** The deviation that the largest of an unchanged window's features passes with this probability, at most 5 %. */
export function deviationAt(chance: Chance, rows: number, probability: number): number {
  const found = interpolate(chance.largest, rows);
  return found ? found[0] + found[1] * Math.log(TAIL / probability) : Number.POSITIVE_INFINITY;
}

/** How probably the largest deviation of an unchanged window is as large; `TAIL` stands for that and more. */
export function probabilityOf(chance: Chance, rows: number, deviation: number): number {
  const found = interpolate(chance.largest, rows);
  return found ? Math.min(TAIL, TAIL * Math.exp((found[0] - deviation) / found[1])) : TAIL;
}

/** Between two entries by the logarithm of their rows; beyond the ends as at the ends. */
function interpolate(
  entries: ReadonlyArray<readonly [number, number, number]>,
  rows: number,
): [number, number] | null {
  const after = entries.findIndex(([at]) => at >= rows);
  const high = entries[after] ?? entries.at(-1);
  if (!high) return null;
  const low = after > 0 ? (entries[after - 1] as typeof high) : high;
  const share = high[0] === low[0] ? 0 : Math.log(rows / low[0]) / Math.log(high[0] / low[0]);
  const between = (at: 1 | 2) => low[at] + share * (high[at] - low[at]);
  return [between(1), between(2)];
}

const digits = (value: number) => Number(value.toPrecision(5));
