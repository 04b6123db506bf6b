import { createHash } from 'node:crypto';
import { z } from 'zod';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const encoder = z.object({ name: z.string(), sha256, source: z.string() });

const partCount = z.object({ rows: z.number().int(), pictures: z.number().int() });

export const scoresSchema = z.object({
  n: z.number().int(),
  accuracy: z.number(),
  weightedF1: z.number(),
  macroF1: z.number(),
});

export const metricsSchema = z.object({
  n: z.number().int(),
  text: scoresSchema,
  image: scoresSchema,
  fused: scoresSchema,
  ece: z.number(),
});
export type Metrics = z.infer<typeof metricsSchema>;

/** As models/fusion/fuse.ts has it. */
export const fusionSchema = z.object({
  kind: z.enum(['convex', 'log-linear']),
  textWeight: z.number().min(0).max(1),
  temperature: z.number().positive(),
  textTemperature: z.number().positive(),
  imageTemperature: z.number().positive(),
});

/** How far a quick engine's answers are from the float engine's on the same rows. */
const agreementSchema = z.object({
  rows: z.number().int(),
  pictures: z.number().int(),
  /** Weighted F1 of the quick engine less that of the float engine, in points of 100. */
  picturePoints: z.number(),
  fusedPoints: z.number(),
  /** Share of the rows with a picture where both engines' picture models, or fused answers, name the same code. */
  samePictureCodes: z.number(),
  sameFusedCodes: z.number(),
});
export type Agreement = z.infer<typeof agreementSchema>;

/** As DatasetCorrections in data/catalogue.ts. */
const correctionsSchema = z.object({ version: z.string(), rows: z.number().int(), weight: z.number() });

/** As EngineChoice in models/runtime/jobs.ts. */
export const engineSchema = z.object({
  name: z.string(),
  compared: agreementSchema.extend({ engine: z.string() }),
});

/** bundle.json: all that a stranger needs to load, check and trace a model. */
export const bundleSchema = z.object({
  format: z.literal(1),
  /** The first 16 hex digits of the hash of everything below but `madeBy`. */
  version: z.string().regex(/^[0-9a-f]{16}$/),
  family: z.string(),
  /** Class order: column j of every probability row is labels[j]. */
  labels: z.array(z.number().int()).length(27),
  text: z.object({ recipe: z.string(), parameters: z.record(z.string(), z.unknown()) }),
  image: z.object({
    recipe: z.string(),
    parameters: z.record(z.string(), z.unknown()),
    /** Absent where there was no choice; then it is the recipe's only or its float one. */
    engine: engineSchema.optional(),
  }),
  /** The frozen networks that it needs beside it; `text` is null when its text model needs none. */
  encoders: z.object({ image: encoder, text: encoder.nullable() }),
  fusion: fusionSchema,
  /** null in imported bundles: their training data is not known. */
  lineage: z
    .object({
      datasetVersion: z.string(),
      catalogueHash: z.string(),
      seed: z.number().int(),
      codeHash: z.string(),
      /** By these and the seed the same rows are drawn again. Absent in bundles of before they were recorded. */
      split: z.object({ trainPerCode: z.number().int(), validationPerCode: z.number().int() }).optional(),
      counts: z.object({ train: partCount, validation: partCount, test: partCount }).optional(),
      /** What it has learned from beside the catalogue, and how many times each counted. Absent: nothing. */
      corrections: correctionsSchema.optional(),
    })
    .nullable(),
  /** On the test part; null in imported bundles. */
  metrics: metricsSchema.nullable(),
  /** Every file of the bundle but bundle.json. */
  files: z.record(z.string(), z.object({ bytes: z.number().int(), sha256 })),
  /** Facts of this making, outside the version: two runs on the same inputs give the same version. */
  madeBy: z.object({
    at: z.string(),
    workflowId: z.string().nullable(),
    runId: z.string().nullable(),
    etiquette: z.string(),
    /** The revision of the code in git; null outside of a clone, absent in bundles of before it was recorded. */
    revision: z.string().nullable().optional(),
    /** Where the catalogue came from: a folder of the worker's host or a base URL. */
    source: z.string().optional(),
  }),
});
export type Bundle = z.infer<typeof bundleSchema>;

/** JSON with sorted keys: the same value gives the same text. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    inner !== null && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

export function bundleVersion(bundle: Omit<Bundle, 'version' | 'madeBy'>): string {
  return createHash('sha256').update(canonicalJson(bundle)).digest('hex').slice(0, 16);
}

/** A product whose answer is known: a deployment is refused when a loaded bundle answers otherwise. */
export interface GoldenProduct {
  readonly designation: string;
  readonly description: string;
  /** File in the bundle's golden/ folder, or null. */
  readonly picture: string | null;
  /** Fused probabilities, in label order, by the engine that serves. */
  readonly probabilities: readonly number[];
  /** By the float engine, where another one serves: it stands in on hosts where that one does not run. */
  readonly floatProbabilities?: readonly number[];
}
