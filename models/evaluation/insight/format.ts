import { z } from 'zod';
import { TYPE_CODES } from '../../../data/type-codes.ts';
import { ACTIONS } from './code-advice.ts';

const code = z.literal(TYPE_CODES);
const count = z.number().int().nonnegative();
const share = z.number().min(0).max(1);
const bilingual = z.object({ en: z.string(), fr: z.string() });
const named = bilingual.extend({ code });

const product = z.object({
  row: z.string(),
  productId: z.string(),
  /** training: the model has learnt from it; it was answered out of fold. */
  part: z.enum(['training', 'held-out']),
  /** Without markup, shortened. */
  designation: z.string(),
  description: z.string(),
  /** Relative to the catalogue's folder. */
  picture: z.string().nullable(),
  given: named,
});

/** insight.json: what people can do about a catalogue. No clock and no path of a machine in it. */
export const insightSchema = z.object({
  format: z.literal(1),
  rows: z.object({
    /** Labelled rows that were read, and those of them that a model answered without having seen them. */
    read: count,
    answered: count,
    outOfFold: count,
  }),
  /** false: it is not known that the model had not seen these rows; if it had, most errors stay hidden. */
  unseen: z.boolean(),
  labelErrors: z.object({
    total: count,
    /** The surest, widest margin first. */
    suspects: z.array(
      product.extend({ suggested: named, givenProbability: share, suggestedProbability: share }),
    ),
  }),
  duplicates: z.object({
    total: count,
    /** Groups of (nearly) the same product under several codes, those with most rows to put right first. */
    groups: z.array(
      z.object({
        kind: z.enum(['text', 'picture']),
        size: count,
        codes: z.array(named.extend({ count })),
        /** Of the closest pair of texts under different codes among `products`: shared pairs of words, 0..1. */
        similarity: share,
        /** Some of each code. */
        products: z.array(product),
      }),
    ),
  }),
  confusions: z.array(
    z.object({
      given: named,
      predicted: named,
      count,
      /** Of the rows given the code. */
      share,
      examples: z.array(product.extend({ givenProbability: share, predictedProbability: share })),
    }),
  ),
  /** Error falls as rows ^ -exponent, for an exponent in this range. */
  learningCurve: z.object({ low: z.number(), high: z.number(), measured: z.boolean(), sentence: bilingual }),
  codes: z.array(
    named.extend({
      /** null: it is not known what the model learnt from. */
      trainingRows: count.nullable(),
      support: count,
      precision: share,
      recall: share,
      f1: share,
      f1Interval: z.tuple([share, share]),
      /** Those of its suspected label errors whose margin is wide. */
      suspects: count,
      takenFor: named.extend({ count }).nullable(),
      overlaps: z.boolean(),
      action: z.enum(ACTIONS),
      doubled: z.object({ rows: count, f1: z.tuple([share, share]) }).nullable(),
      sentence: bilingual,
    }),
  ),
});

export type Insight = z.infer<typeof insightSchema>;
export type InsightProduct = z.infer<typeof product>;
export type NamedCode = z.infer<typeof named>;
