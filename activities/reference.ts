import { join } from 'node:path';
import { REFERENCE } from '../models/bundle/reference.ts';
import type { MakeReferenceInput } from '../models/runtime/jobs.ts';
import type { ActivityDeps } from './deps.ts';
import type { StageTools } from './durable.ts';

/** Writes what the bundle's stream will be compared with into `folder`; with too few test rows nothing, and the log says so. */
export async function makeReference(
  { vision, log }: Pick<ActivityDeps, 'vision' | 'log'>,
  input: Omit<MakeReferenceInput, 'file'>,
  folder: string,
  { signal, report }: StageTools,
): Promise<void> {
  const job = { ...input, file: join(folder, REFERENCE) };
  const { rows } = await vision.run('makeReference', job, { signal, onProgress: report });
  if (rows !== null) return;
  const { test } = input.dataset.counts;
  log.warn(
    { rows: test.rows },
    'the test rows are too few for a reference: the bundle will not be watched for drift',
  );
}
