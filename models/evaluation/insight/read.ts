import type { ProductText } from '../../../data/catalogue.ts';
import { readRows } from '../../../data/read.ts';
import { TYPE_CODES, type TypeCode } from '../../../data/type-codes.ts';
import { EtiquetteError } from '../../../errors.ts';
import { readScores } from '../../bundle/scores.ts';
import { type Fusion, fuse } from '../../fusion/fuse.ts';
import type { JobContext, JudgedRows } from '../../runtime/jobs.ts';
import { pause } from '../../runtime/pause.ts';
import { CLASSES } from '../rows.ts';
import type { Answers, CatalogueRow } from './answers.ts';

const PAUSE_EVERY = 500;

/** Calls `visit` for each labelled row of `judged` in order, with its place in the list of all of them. */
export async function visitRows(
  judged: readonly JudgedRows[],
  context: JobContext,
  visit: (row: CatalogueRow & ProductText, place: number) => void,
): Promise<void> {
  let place = 0;
  for (const { part, rows } of judged) {
    for (const file of rows) {
      for await (const row of readRows(file)) {
        if (row.code === null) continue;
        if (place % PAUSE_EVERY === 0) await pause(context);
        visit({ ...row, code: row.code, part }, place++);
      }
    }
  }
}

/**
 * The answers to `rows`, text and picture joined. Rows that neither model had anything to say about are left out.
 * @throws EtiquetteError SCORES_SHAPE_INVALID when a file belongs to other rows.
 */
export async function readAnswers(
  judged: readonly (JudgedRows & { readonly count: number })[],
  rows: readonly CatalogueRow[],
  fusion: Fusion,
): Promise<Answers> {
  const places: number[] = [];
  const kept: Float32Array[] = [];
  let first = 0;
  for (const { answers, count } of judged) {
    if (answers !== null) {
      const { probabilities, answered } = await readFused(answers, count, fusion);
      for (let at = 0; at < count; at++) {
        if (!answered(at)) continue;
        places.push(first + at);
        kept.push(probabilities.subarray(at * CLASSES, (at + 1) * CLASSES));
      }
    }
    first += count;
  }
  const probabilities = new Float32Array(kept.length * CLASSES);
  kept.forEach((row, at) => {
    probabilities.set(row, at * CLASSES);
  });
  const labelOf = (place: number) => TYPE_CODES.indexOf(rows[place]?.code as TypeCode);
  return { rows: places, labels: Uint8Array.from(places, labelOf), probabilities };
}

async function readFused(
  file: string,
  count: number,
  fusion: Fusion,
): Promise<{ probabilities: Float32Array; answered: (at: number) => boolean }> {
  const scores = await readScores(file);
  if (scores.labels.length !== count) {
    throw new EtiquetteError(
      'SCORES_SHAPE_INVALID',
      `${file} holds answers to ${scores.labels.length} rows, not to these ${count}. Evaluate again.`,
    );
  }
  const { hasText, hasPicture } = scores;
  return {
    probabilities: fuse(scores, fusion),
    answered: (at) => Boolean(hasText[at] || hasPicture[at]),
  };
}
