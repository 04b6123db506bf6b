import { z } from 'zod';
import { gateRule } from '../models/evaluation/gate-rule.ts';
import { rolloutRule } from '../models/evaluation/rollout.ts';

/**
 * Inputs of the workflows: what the Web UI's form, `temporal workflow start`, schedules, commands and the API
 * send. Each is ONE JSON object in which everything that can have a default has one, so `{}` trains.
 */
const parameters = z.record(z.string(), z.unknown());

export const trainAndDeployInput = z.strictObject({
  /** A folder on the pipeline worker's host or a base URL; null: the worker's CATALOGUE_URL. */
  catalogue: z.string().min(1).nullable().default(null),
  /**
   * Which corrections are learned from beside the catalogue: those on record, none, or those that lie in a folder of the
   * pipeline worker's host in the catalogue's layout, counted so many times.
   */
  corrections: z
    .union([
      z.enum(['recorded', 'none']),
      z.strictObject({ directory: z.string().min(1), weight: z.number().min(1).max(100) }),
    ])
    .default('recorded'),
  family: z.string().min(1).default('ngram-efficientnet'),
  /** Drives the split, the initial weights and the shuffles. */
  seed: z
    .int()
    .min(0)
    .max(2 ** 31)
    .default(42),
  /** Hyperparameters that differ from the family's defaults. */
  text: parameters.default({}),
  image: parameters.default({}),
  split: z
    .strictObject({
      trainPerCode: z.int().min(1).default(600),
      validationPerCode: z.int().min(1).default(50),
    })
    .prefault({}),
  /** Pictures in one shard of features. */
  shardSize: z.int().min(1).max(4096).default(128),
  /** When the challenger may take the champion's place. */
  gate: gateRule.prefault({}),
  /** false: stop when the bundle is in the store. "approval": a person decides when the gate was passed. */
  deploy: z.union([z.boolean(), z.literal('approval')]).default(true),
  /** How long a person has for that; after it the bundle is not deployed. */
  approvalHours: z
    .number()
    .positive()
    .max(24 * 365)
    .default(24 * 7),
  /** How the bundle is tried on real requests before it serves. */
  rollout: rolloutRule.prefault({}),
  /** Whom the deployment history names. */
  by: z.string().min(1).default('trainAndDeploy'),
});
export type TrainAndDeployInput = z.input<typeof trainAndDeployInput>;

export const deployModelInput = z
  .strictObject({
    /** The bundle to deploy. */
    version: z.string().min(1).optional(),
    /** true: go back to the bundle that served before. */
    rollback: z.boolean().default(false),
    /** How it is tried on real requests before it serves; a rollback is not tried. */
    rollout: rolloutRule.prefault({}),
    by: z.string().min(1).default('operator'),
    reason: z.string().min(1).default('asked for'),
  })
  .refine(({ version, rollback }) => (version === undefined) === rollback, {
    message: 'give either "version" or "rollback": true',
  });
export type DeployModelInput = z.input<typeof deployModelInput>;

export const pruneInput = z.strictObject({
  /** true: only say what would be deleted. */
  dryRun: z.boolean().default(false),
});
export type PruneInput = z.input<typeof pruneInput>;

/** What the updates `approve` and `reject` bring. */
export const decisionInput = z.strictObject({
  /** Whom the deployment history names. */
  by: z.string().trim().min(1).max(200),
  reason: z.string().trim().min(1).max(1000),
});
export type Decision = z.input<typeof decisionInput>;

export const predictCatalogueInput = z.strictObject({
  catalogue: z.string().min(1).nullable().default(null),
  /** Which rows; null: X_test where there is one, else X_train. */
  part: z.enum(['train', 'test']).nullable().default(null),
  /** null: the champion. */
  bundle: z.string().min(1).nullable().default(null),
  /** Where the answers go, on the pipeline worker's host: .json ({row: code}), .csv or .ndjson. */
  out: z.string().min(1),
  /** Rows in one shard. */
  shardSize: z.int().min(1).max(100_000).default(500),
});
export type PredictCatalogueInput = z.input<typeof predictCatalogueInput>;
