import { ApplicationFailure } from '@temporalio/workflow';
import type { z } from 'zod';

/** Fills in defaults. A wrong input ends the workflow at once with every mistake named. */
export function parseInput<S extends z.ZodType>(schema: S, input: unknown): z.output<S> {
  const parsed = schema.safeParse(input ?? {});
  if (parsed.success) return parsed.data;
  const mistakes = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'input'}: ${message}`);
  throw ApplicationFailure.nonRetryable(
    `Correct the workflow's input. ${mistakes.join('; ')}`,
    'INPUT_INVALID',
  );
}
