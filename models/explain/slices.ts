import type { ExplainInput, JobContext } from '../runtime/jobs.ts';
import { pause } from '../runtime/pause.ts';
import type { Explanation } from './explanation.ts';
import { type ExplainedBundle, explainProduct } from './product.ts';

/** A slice ends with the step that passes this: predictions wait for one slice at most. */
const SLICE_MS = 50;

/**
 * Does explanations slice by slice, so that the process that holds the bundle serves others in between. One at
 * a time: a new product ends what was begun before. Slices are cut by time, numbers do not depend on them.
 */
export function createSlices(): (
  bundle: ExplainedBundle,
  input: ExplainInput | null,
  context: JobContext,
) => Promise<Explanation | null> {
  let going: AsyncGenerator<undefined, Explanation> | undefined;
  return async (bundle, input, context) => {
    const steps = input ? explainProduct(bundle, input) : going;
    if (!steps) throw new Error('no explanation is going on');
    going = undefined;
    const end = performance.now() + SLICE_MS;
    do {
      await pause(context);
      const step = await steps.next();
      if (step.done) return step.value;
    } while (performance.now() < end);
    going = steps;
    return null;
  };
}
