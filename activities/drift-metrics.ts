import type { MetricMeter } from '@temporalio/common';
import { LEVELS } from '../models/drift/statistic.ts';
import { FEATURE_NAMES } from '../models/drift/watched.ts';
import type { DriftCheck } from '../temporal/contracts.ts';

/** Shows a check among the worker's metrics. What it could not judge is no number: what was before counts no more. */
export function driftMetrics(meter: MetricMeter, { at, level, report }: DriftCheck): void {
  const gauge = (name: string, description: string) =>
    meter.createGauge(`etiquette_drift_${name}`, 'float', undefined, description);

  const sizes = gauge(
    'size',
    'How far a feature is from the training, as a stability index: 0.1 is some change.',
  );
  for (const feature of FEATURE_NAMES) {
    const found = report?.statistics.find((one) => one.feature === feature);
    sizes.set(found?.size ?? Number.NaN, { feature });
  }
  const accuracies = gauge('accuracy_ratio', 'Share of right answers, 0 to 1.');
  accuracies.set(report?.heldOutAccuracy ?? Number.NaN, { kind: 'held-out' });
  accuracies.set(report?.estimatedAccuracy?.value ?? Number.NaN, { kind: 'estimated' });
  accuracies.set(report?.measuredAccuracy?.value ?? Number.NaN, { kind: 'measured' });
  gauge('level', 'What the last check came to: 0 ok, 1 warn, 2 alert, 3 retrain.').set(
    level === null ? Number.NaN : LEVELS.indexOf(level),
  );
  gauge('checked_seconds', 'When the stream was checked last, in seconds since 1970.').set(
    Date.parse(at) / 1000,
  );
}
