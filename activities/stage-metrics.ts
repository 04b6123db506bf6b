import type { MetricMeter } from '@temporalio/common';
import type { JobProgress } from '../models/runtime/jobs.ts';

/** Shows how far a stage is, and how its model learns, among the worker's metrics. */
export function stageMetrics(
  meter: MetricMeter,
  stage: string,
): (progress: Omit<JobProgress, 'message'>) => void {
  const tagged = meter.withTags({ stage });
  const fraction = tagged.createGauge(
    'etiquette_stage_progress_ratio',
    'float',
    undefined,
    'How much of a stage is done, 0 to 1.',
  );
  const epochs = tagged.createGauge(
    'etiquette_training_epoch',
    'int',
    undefined,
    'The epoch that ended last.',
  );
  const values = tagged.createGauge(
    'etiquette_training_metric',
    'float',
    undefined,
    'Loss and other figures of the last epoch.',
  );
  return ({ fraction: done, epoch, metrics }) => {
    fraction.set(done);
    if (epoch !== undefined) epochs.set(epoch);
    for (const [metric, value] of Object.entries(metrics ?? {})) values.set(value, { metric });
  };
}
