import { encode, type Vocabulary } from '../vocabulary.ts';
import type { LstmParameters } from './parameters.ts';

/** Word numbers of every document, one after the other: [documents * length]. */
export function encodeRows(
  vocabulary: Vocabulary,
  documents: readonly (readonly string[])[],
  { length, padding }: Pick<LstmParameters, 'length' | 'padding'>,
): Int32Array {
  const rows = new Int32Array(documents.length * length);
  documents.forEach((words, at) => {
    encode(vocabulary, words, rows.subarray(at * length, (at + 1) * length), padding);
  });
  return rows;
}

/** [batch, length] to [length, batch], which is how the fused LSTM reads. `pick`: the batch's rows, all by default. */
export function timeMajor(rows: Int32Array, length: number, pick?: readonly number[]): Int32Array {
  const batch = pick?.length ?? rows.length / length;
  const result = new Int32Array(batch * length);
  for (let at = 0; at < batch; at++) {
    const start = (pick?.[at] ?? at) * length;
    for (let word = 0; word < length; word++) result[word * batch + at] = rows[start + word] ?? 0;
  }
  return result;
}
