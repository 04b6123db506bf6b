import type { ProductText } from '../../../data/catalogue.ts';
import type { JobContext } from '../../runtime/jobs.ts';
import { pause } from '../../runtime/pause.ts';
import { createThreads } from '../../runtime/threads.ts';
import { keyOf, type SentenceStore } from './store.ts';
import { sentencesOf } from './texts.ts';

/** Texts that are encoded, written and flushed together, some seconds' work: what a kill costs at most. */
const PIECE = 512;
/** Texts that a thread takes at once. */
const TASK = 16;
const PAUSE_EVERY = 100;

export interface EncodeTextsInput {
  readonly products: AsyncIterable<ProductText>;
  /** For the progress only. */
  readonly productCount: number;
  /** The encoder's folder. */
  readonly encoder: string;
  readonly featureSize: number;
  readonly store: SentenceStore;
  readonly threads: number;
}

/**
 * Encodes the texts that the store lacks. Each text is encoded alone, by one thread of one core's sums, so
 * neither the number of threads nor what was there before changes a byte. No more than a piece is in memory.
 * @returns how many texts were encoded
 */
export async function encodeTexts(input: EncodeTextsInput, context: JobContext): Promise<number> {
  const { products, productCount, encoder, featureSize, store } = input;
  const threads = createThreads<readonly string[], Float32Array>(
    new URL('./encode-thread.ts', import.meta.url),
    encoder,
    { threads: input.threads, signal: context.signal },
  );
  let open = new Map<string, string>();
  let encoded = 0;
  let seen = 0;
  const flush = async () => {
    if (open.size === 0) return;
    const texts = [...open.values()];
    const keys = [...open.keys()];
    open = new Map();
    const features = new Float32Array(texts.length * featureSize);
    const tasks: Promise<void>[] = [];
    for (let from = 0; from < texts.length; from += TASK) {
      const task = threads.run(texts.slice(from, from + TASK));
      tasks.push(task.then((rows) => features.set(rows, from * featureSize)));
    }
    await Promise.all(tasks);
    await store.add(keys, features);
    encoded += texts.length;
    context.progress({
      fraction: seen / productCount,
      message: `Encoding texts: ${seen} of ${productCount}`,
    });
  };
  try {
    for await (const product of products) {
      if (seen % PAUSE_EVERY === 0) await pause(context);
      seen += 1;
      const { designation, whole } = sentencesOf(product);
      for (const text of [designation, whole]) {
        const key = keyOf(text);
        if (!store.has(key)) open.set(key, text);
      }
      if (open.size >= PIECE) await flush();
    }
    await flush();
    return encoded;
  } finally {
    await threads.close();
  }
}
