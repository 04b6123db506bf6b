import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readRows } from '../../data/read.ts';
import { EtiquetteError } from '../../errors.ts';
import { createSlices } from '../explain/slices.ts';
import type { Job } from '../runtime/jobs.ts';
import { pause } from '../runtime/pause.ts';
import { disposeBundle, type OpenBundle, openBundle } from './open.ts';
import { predictProducts } from './predict.ts';

let serving: OpenBundle | undefined;

/** Loads a bundle for `predict` and `explain`, after checking every file against its hash. */
export const loadBundle: Job<'loadBundle'> = async ({ bundle, encoders, watched = true }) => {
  const opened = await openBundle(bundle, encoders);
  serving = watched ? opened : { ...opened, known: null };
  return { version: serving.bundle.version };
};

/** Probabilities for products with the bundle that was loaded. */
export const predict: Job<'predict'> = async ({ products }) => ({
  predictions: await predictProducts(loaded(), products),
  rss: process.memoryUsage.rss(),
});

const explainSlice = createSlices();

/** Explains one product with the bundle that was loaded, slice by slice. */
export const explain: Job<'explain'> = async (input, context) => explainSlice(loaded(), input, context);

function loaded(): OpenBundle {
  if (!serving) throw new EtiquetteError('BUNDLE_NOT_LOADED', 'Load a bundle before asking for predictions.');
  return serving;
}

/** The first products are for warming up: code is compiled and memory is taken then. */
const WARM_UP = 3;

/** Times a finished bundle as a client would: product by product, the picture's decoding included. */
export const timeBundle: Job<'timeBundle'> = async (input, context) => {
  const timed = await openBundle(input.bundle, input.encoders);
  try {
    const times: number[] = [];
    for await (const { designation, description, picture } of readRows(input.rows)) {
      if (times.length >= input.products + WARM_UP) break;
      await pause(context);
      const bytes = picture ? await readFile(join(input.picturesDirectory, picture.file)) : null;
      const from = performance.now();
      await predictProducts(timed, [{ designation, description, picture: bytes }]);
      times.push(performance.now() - from);
    }
    const sorted = times.slice(times.length > WARM_UP ? WARM_UP : 0).sort((a, b) => a - b);
    return { milliseconds: sorted[sorted.length >> 1] ?? 0 };
  } finally {
    disposeBundle(timed);
  }
};
