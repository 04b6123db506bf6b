import { EtiquetteError } from '../../errors.ts';
import type { WatchDriftResult } from '../../temporal/contracts.ts';
import type { Stack } from '../../test/support/stack.ts';
import type { LabelledRow } from '../catalogue.ts';
import type { Answered, Client } from './client.ts';
import type { Parts } from './parts.ts';
import { createWatch } from './watch.ts';

export interface Healed {
  readonly unchanged: WatchDriftResult;
  /** The first check of the changed stream. */
  readonly noticed: WatchDriftResult;
  /** null: the change was not worth one. */
  readonly retraining: {
    readonly trainings: number;
    readonly bundle: string;
    /** false: the gate did not let it serve; it was deployed by hand then, to be asked. */
    readonly passed: boolean;
    /** What the API said of the products that no training has seen. */
    readonly before: readonly Answered[];
    readonly after: readonly Answered[];
    /** The last check: of the changed stream against the new bundle's reference. */
    readonly last: WatchDriftResult;
  } | null;
}

/** Asks the champion about a stream that changes, judges some of it, and lets the watch do the rest. */
export async function heal(
  stack: Stack,
  client: Client,
  { judged, asked }: Parts,
  change: (row: LabelledRow) => LabelledRow,
  say: (line: string) => void,
): Promise<Healed> {
  const watch = createWatch(stack);
  const check = async () => {
    const found = await watch.check();
    say(`  ${found.level}: ${found.retraining?.reason ?? found.reason}`);
    return found;
  };
  say(`Asking it about ${judged.length + asked.length} other products.`);
  await client.predict([...judged, ...asked]);
  const unchanged = await check();

  say(`The same ones changed; ${judged.length} of them are judged.`);
  await client.correct(await client.predict(judged.map(change)));
  const now = asked.map(change);
  const before = await client.predict(now);
  const [noticed, beside] = await Promise.all([check(), check()]);
  const run = noticed.retraining?.run ?? beside.retraining?.run;
  if (!run) return { unchanged, noticed, retraining: null };
  await check();

  say('Waiting for the training.');
  const { outcome, reason, bundle } = await watch.resultOf(run.runId);
  say(`  ${outcome}: ${reason}`);
  if (bundle === null) throw new EtiquetteError('BENCHMARK_RUN_FAILED', `No bundle: ${reason}`);
  if (outcome === 'rejected') await watch.deploy(bundle);
  say('Asking what serves now.');
  const after = await client.predict(now);
  const last = await check();
  const trainings = await watch.trainings(run.runId);
  const passed = outcome === 'deployed';
  return { unchanged, noticed, retraining: { trainings, bundle, passed, before, after, last } };
}
