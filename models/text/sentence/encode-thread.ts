import { createTextEncoder } from '../../encoders/text-session.ts';
import type { Start } from '../../runtime/serve-tasks.ts';

/** A thread's share of encodeTexts: texts -> features, row-major [n * featureSize]. */
export const start: Start<string, readonly string[], Float32Array> = async (directory) => {
  const encoder = await createTextEncoder(directory, { threads: 1 });
  return (texts) => encoder.encode(texts);
};
