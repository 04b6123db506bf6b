import { EtiquetteError } from '../../errors.ts';
import type { Metrics } from '../bundle/format.ts';
import type { Scores } from './classification.ts';

export interface GateInput {
  readonly challenger: Metrics;
  /** The serving bundle's metrics on the same rows; null when nothing is deployed. */
  readonly champion: Metrics | null;
  /** `Evaluation.baseline`: always answering the most frequent code, on the same rows. */
  readonly baseline: Scores;
  /** How much fused weighted F1 the challenger may lose; 0 by default. */
  readonly tolerance?: number;
}

export interface Verdict {
  readonly passed: boolean;
  /** One sentence with the figures, for the run's result and for people. */
  readonly reason: string;
}

/**
 * Whether a challenger may serve: its fused weighted F1 is not below the champion's by more than the
 * tolerance. The first bundle must beat always answering the most frequent code.
 * @throws EtiquetteError GATE_ROWS_DIFFER when the two were not scored on the same rows.
 */
export function judge({ challenger, champion, baseline, tolerance = 0 }: GateInput): Verdict {
  const ours = challenger.fused.weightedF1;
  if (challenger.n === 0) {
    return { passed: false, reason: 'There are no test rows, so nothing shows that this model is any good.' };
  }
  if (champion === null) {
    const passed = ours > baseline.weightedF1;
    const comparison = `weighted F1 ${figure(ours)} against ${figure(baseline.weightedF1)} for always answering the most frequent code, on ${challenger.n} test rows`;
    return {
      passed,
      reason: passed
        ? `First model: ${comparison}.`
        : `Not better than guessing: ${comparison}. Check the data and the training curves.`,
    };
  }
  if (champion.n !== challenger.n) {
    throw new EtiquetteError(
      'GATE_ROWS_DIFFER',
      `The challenger was scored on ${challenger.n} rows and the champion on ${champion.n}: score both on the same rows.`,
    );
  }
  const theirs = champion.fused.weightedF1;
  const passed = ours >= theirs - tolerance;
  const difference = `${ours >= theirs ? '+' : '-'}${figure(Math.abs(ours - theirs))}`;
  const allowed = tolerance > 0 ? `, a loss of ${figure(tolerance)} is allowed` : '';
  return {
    passed,
    reason:
      `${passed ? 'As good as the champion or better' : 'Worse than the champion'}: weighted F1 ${figure(ours)} ` +
      `against ${figure(theirs)} on the same ${challenger.n} test rows (${difference}${allowed}).`,
  };
}

function figure(value: number): string {
  return value.toFixed(4);
}
