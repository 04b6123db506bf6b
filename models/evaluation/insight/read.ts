import type { ProductText } from '../../../data/catalogue.ts';
import { readRows } from '../../../data/read.ts';
import { TYPE_CODES, type TypeCode } from '../../../data/type-codes.ts';
import { EtiquetteError } from '../../../errors.ts';
import { type Fusion, fuse } from '../../fusion/calibration.ts';
import type { JobContext, JudgedRows } from '../../runtime/jobs.ts';
import { pause } from '../../runtime/pause.ts';
import { readSafetensors } from '../../runtime/safetensors.ts';
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
 * The answers to `rows`, those of out-of-fold files as they are, those of two models fused. Rows that no model had
 * anything to say about are left out.
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
      const { probabilities, answered } = await readFile(answers, count, fusion);
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

async function readFile(
  file: string,
  count: number,
  fusion: Fusion,
): Promise<{ probabilities: Float32Array; answered: (at: number) => boolean }> {
  const arrays = await readSafetensors(file);
  const data = (name: string): Float32Array => arrays[name]?.data ?? new Float32Array(0);
  const hasText = data('hasText');
  const hasPicture = data('hasPicture');
  const probabilities = arrays.probabilities
    ? data('probabilities')
    : fuse({ text: data('text'), image: data('image'), hasText, hasPicture }, fusion);
  if (probabilities.length !== count * CLASSES) {
    throw new EtiquetteError(
      'SCORES_SHAPE_INVALID',
      `${file} holds answers to ${probabilities.length / CLASSES} rows, not to these ${count}. Evaluate again.`,
    );
  }
  return { probabilities, answered: (at) => Boolean(hasText[at] || hasPicture[at]) };
}
