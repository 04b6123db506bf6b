import { z } from 'zod';
import type { TypeCode } from '../../data/type-codes.ts';
import { EtiquetteError } from '../../errors.ts';
import { calibrationOf, calibrationSchema } from './accuracy.ts';
import { binEdges } from './bins.ts';
import { chanceSchema, simulateChance } from './chance.ts';
import { type DriftFeatures, driftFeaturesSchema } from './features.ts';
import { layOut, type Tally, tally } from './sample.ts';
import { LEAST_ROWS } from './strength.ts';
import { FEATURE_NAMES, NUMBER_NAMES, NUMBERS, PLACE_NAMES, PLACES } from './watched.ts';
import { whiteningOf } from './whitening.ts';

const numbers = z.array(z.number());

/** What a bundle's predictions are compared with: `reference.json` in its folder, 20 KB for a small training, 110 KB at most. */
export const referenceSchema = z.strictObject({
  format: z.literal(1),
  /** Held-out rows that it was made of. */
  rows: z.number().int(),
  /** See `collectKnownWords`. */
  knownWords: z.string(),
  edges: z.record(z.string(), numbers),
  whitening: z.record(z.string(), z.strictObject({ mean: numbers, matrix: numbers }).nullable()),
  /** By feature: rows that have it; rows in each cell; the whitened mean. */
  tallies: z.record(z.string(), z.strictObject({ n: z.number().int(), counts: numbers, mean: numbers })),
  /** By number: first decile, median, last decile; empty without rows. */
  deciles: z.record(z.string(), numbers),
  chance: chanceSchema,
  calibration: calibrationSchema,
  /** Of the labelled rows; null without any. */
  accuracy: z.number().nullable(),
});
export type Reference = z.infer<typeof referenceSchema>;

export interface ReferenceRow {
  /** As the champion answered it. */
  readonly features: DriftFeatures;
  /** Its true code; null: not known. */
  readonly code: TypeCode | null;
}

export interface ReferenceOptions {
  /** What `features` were computed with. */
  readonly knownWords: string;
  readonly seed: number;
  /** Windows that are simulated of each size. 1,000 give thresholds; tests take fewer. */
  readonly simulations?: number;
}

/** With fewer held-out rows every stream looks alike. */
export const LEAST_REFERENCE = 50;

/**
 * Sums up held-out rows with the champion's answers: what its stream looks like when nothing has changed, and what
 * chance does to it. Rows that the champion has learnt from would make it look surer than it is. The same rows and
 * seed give the same reference. 332 rows take 0.8 s, 8,000 2.5 s.
 * @throws EtiquetteError DRIFT_REFERENCE_SMALL, DRIFT_FEATURES_INVALID
 */
export function createReference(
  rows: readonly ReferenceRow[],
  { knownWords, seed, simulations = 1000 }: ReferenceOptions,
): Reference {
  if (rows.length < LEAST_REFERENCE) {
    throw new EtiquetteError(
      'DRIFT_REFERENCE_SMALL',
      `${rows.length} held-out rows are too few to tell change from chance: ${LEAST_REFERENCE} are the least.`,
    );
  }
  const features = rows.map((row) => checkedFeatures(row.features));
  const edges = byName(NUMBER_NAMES, (name) => binEdges(present(features.map(NUMBERS[name]))));
  const whitening = byName(PLACE_NAMES, (name) => {
    const places = present(features.map(PLACES[name]));
    return places.length < LEAST_ROWS ? null : whiteningOf(places);
  });
  const laidOut = layOut(features, { edges, whitening });
  const whole = tally(laidOut, [...features.keys()]);
  const labelled = rows.filter(({ code }) => code !== null);
  const right = labelled.filter(({ features: { code }, code: own }) => code === own).length;
  return {
    format: 1,
    rows: rows.length,
    knownWords,
    edges,
    whitening,
    tallies: Object.fromEntries(FEATURE_NAMES.map((name, feature) => [name, plain(whole[feature] as Tally)])),
    deciles: byName(NUMBER_NAMES, (name) => decilesOf(present(features.map(NUMBERS[name])))),
    chance: simulateChance(laidOut, seed, simulations),
    calibration: calibrationOf(
      labelled.map(({ features: own, code }) => ({
        confidence: own.answer[0] / 1000,
        right: own.code === code,
      })),
    ),
    accuracy: labelled.length === 0 ? null : right / labelled.length,
  };
}

/** Reads what `createReference` gave, from JSON. @throws EtiquetteError DRIFT_REFERENCE_INVALID */
export function parseReference(json: string): Reference {
  try {
    return referenceSchema.parse(JSON.parse(json));
  } catch (cause) {
    throw new EtiquetteError(
      'DRIFT_REFERENCE_INVALID',
      'The reference of the bundle is damaged or of another version. Train again, or watch another bundle.',
      { cause },
    );
  }
}

/** @throws EtiquetteError DRIFT_FEATURES_INVALID */
export function checkedFeatures(features: unknown): DriftFeatures {
  const { success, data, error } = driftFeaturesSchema.safeParse(features);
  if (success) return data;
  throw new EtiquetteError(
    'DRIFT_FEATURES_INVALID',
    'The features of a prediction are damaged or of another version. Leave that prediction out.',
    { cause: error },
  );
}

export const present = <T>(values: readonly (T | null)[]): T[] => values.filter((value) => value !== null);

/** Empty without values. */
export function decilesOf(values: readonly number[]): number[] {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))] as number;
  return sorted.length === 0 ? [] : [at(0.1), at(0.5), at(0.9)];
}

const plain = ({ n, counts, mean }: Tally) => ({
  n,
  counts: [...counts],
  mean: Array.from(mean, (value) => Number(value.toPrecision(6))),
});

function byName<N extends string, T>(names: readonly N[], of: (name: N) => T): Record<N, T> {
  return Object.fromEntries(names.map((name) => [name, of(name)])) as Record<N, T>;
}
