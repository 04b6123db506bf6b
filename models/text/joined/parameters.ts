import { z } from 'zod';
import { parseParameters } from '../../parameters.ts';
import type { Parameters } from '../../runtime/jobs.ts';
import { ngramSchema } from '../ngram/parameters.ts';

/** The n-grams' parameters, and these. */
const joinedSchema = ngramSchema.extend({
  /** default: the sentence encoder that is configured, where it can be had; none: n-grams alone. */
  encoder: z.enum(['default', 'none']).default('default'),
  /** C of the head on the encoder's features. Of 1 to 8, 2 was best joined, out of fold; they hardly differ. */
  sentenceC: z.number().min(1e-4).max(1e4).default(2),
});

export type JoinedParameters = z.infer<typeof joinedSchema>;

/** @throws EtiquetteError PARAMETER_INVALID naming every wrong parameter and what it may be. */
export function joinedParameters(overrides: Parameters): JoinedParameters {
  return parseParameters(joinedSchema, 'text', overrides);
}
