import { readSafetensors, writeSafetensors } from '../runtime/safetensors.ts';

/** What a model said about n rows, in the order of their ndjson file. */
export interface Scores {
  /** [n * 27] row-major probabilities in TYPE_CODES order. */
  readonly text: Float32Array;
  readonly image: Float32Array;
  /** n flags. */
  readonly hasText: Float32Array;
  readonly hasPicture: Float32Array;
  /** n class indexes; -1 where the row has no code. */
  readonly labels: Float32Array;
}

export async function writeScores(file: string, scores: Scores): Promise<void> {
  const n = scores.labels.length;
  const wide = (data: Float32Array) => ({ shape: [n, data.length / Math.max(n, 1)], data });
  const narrow = (data: Float32Array) => ({ shape: [n], data });
  await writeSafetensors(file, {
    text: wide(scores.text),
    image: wide(scores.image),
    hasText: narrow(scores.hasText),
    hasPicture: narrow(scores.hasPicture),
    labels: narrow(scores.labels),
  });
}

export async function readScores(file: string): Promise<Scores> {
  const arrays = await readSafetensors(file);
  const take = (name: keyof Scores) => arrays[name]?.data ?? new Float32Array(0);
  return {
    text: take('text'),
    image: take('image'),
    hasText: take('hasText'),
    hasPicture: take('hasPicture'),
    labels: take('labels'),
  };
}
