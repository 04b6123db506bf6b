import { join } from 'node:path';
import { Context } from '@temporalio/activity';
import { isEtiquetteError } from '../errors.ts';
import { readDeployments } from '../models/bundle/deployments.ts';
import { readBundle } from '../models/bundle/load.ts';
import { readReference } from '../models/bundle/reference.ts';
import type { Reference } from '../models/drift/reference.ts';
import { type DriftReport, driftReport } from '../models/drift/report.ts';
import { LEAST_ROWS } from '../models/drift/strength.ts';
import { windowOf } from '../models/drift/window.ts';
import { lastLevel, writeDriftReport } from '../models/drift/write.ts';
import type { DriftCheck } from '../temporal/contracts.ts';
import type { ActivityDeps } from './deps.ts';
import { driftMetrics } from './drift-metrics.ts';
import { durable } from './durable.ts';

/** What changed most stands in the reason; the report has the rest. */
const MOST_NAMED = 3;
/** So many answers are read for each product of the window: some are asked about again and again. */
const READ = 5;

/** Compares the champion's last predictions, since its deployment, with the rows held out at its training. */
export function createCheckDrift({ config, observations }: ActivityDeps) {
  return function checkDrift(): Promise<DriftCheck> {
    return durable('watch', async () => {
      const check = await look();
      driftMetrics(Context.current().metricMeter, check);
      return check;
    });
  };

  async function look(): Promise<DriftCheck> {
    // The same in every try: a report that one left behind is not taken for the check before.
    const at = new Date(Context.current().info.scheduledTimestampMs).toISOString();
    const served = (await readDeployments(config.deployments)).at(-1);
    const [bundle, since] = [served?.version ?? null, served?.at ?? null];
    const unjudged = (reason: string): DriftCheck => ({
      ...{ at, bundle, since, level: null, before: null, reason, report: null, directory: null },
    });
    if (bundle === null || since === null)
      return unjudged('Nothing serves yet: there is no stream to watch.');
    const reference = await referenceOf(join(config.bundles, bundle));
    if (reference === null) {
      return unjudged(
        `Bundle ${bundle} has nothing to compare with: it was imported, trained on few rows, or made before there was a reference. The next training brings one.`,
      );
    }
    if (typeof reference === 'string') return unjudged(reference);
    const window = windowOf(
      await observations({ bundle, since, limit: READ * config.WATCH_WINDOW }),
      config.WATCH_WINDOW,
    );
    const { length } = window.predictions;
    if (length < LEAST_ROWS) {
      return unjudged(
        `${length} different products since ${since} are too few to tell: at least ${LEAST_ROWS} are needed.`,
      );
    }
    const report = driftReport(reference, window);
    const before = await lastLevel(config.drift, bundle, at);
    const directory = await writeDriftReport(config.drift, { at, bundle, report });
    return { at, bundle, since, level: report.level, before, reason: inWords(report), report, directory };
  }
}

/** null: the bundle has none. A text: why it cannot be used. */
async function referenceOf(directory: string): Promise<Reference | string | null> {
  try {
    return await readReference(directory, await readBundle(directory));
  } catch (error) {
    // Of another release, for example: a training mends it, trying again does not.
    if (isEtiquetteError(error) && error.code === 'DRIFT_REFERENCE_INVALID') return error.message;
    throw error;
  }
}

function inWords({ statistics, window: { predictions } }: DriftReport): string {
  const changed = statistics.filter(({ level }) => level !== 'ok');
  if (changed.length === 0) return `Of ${predictions} products nothing goes beyond chance.`;
  const named = changed.slice(0, MOST_NAMED).map(({ inWords: { en } }) => en);
  const more = changed.length > MOST_NAMED ? ` And ${changed.length - MOST_NAMED} more.` : '';
  return `Of ${predictions} products: ${named.join(' ')}${more}`;
}
