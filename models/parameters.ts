import type { z } from 'zod';
import { EtiquetteError } from '../errors.ts';
import type { Parameters } from './runtime/jobs.ts';

/**
 * Fills in a recipe's defaults.
 * @throws EtiquetteError PARAMETER_INVALID naming every wrong parameter and what it may be.
 */
export function parseParameters<S extends z.ZodType>(
  schema: S,
  part: 'text' | 'image',
  overrides: Parameters,
): z.output<S> {
  const parsed = schema.safeParse(overrides);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => [...path, message].join(': '));
  throw new EtiquetteError('PARAMETER_INVALID', `Correct these ${part} parameters: ${problems.join('; ')}.`);
}
