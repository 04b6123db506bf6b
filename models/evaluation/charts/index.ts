import type { Tuning } from '../../fusion/tune.ts';
import type { TrainingSummary } from '../../runtime/jobs.ts';
import type { Evaluation } from '../metrics.ts';
import { confusionMatrix } from './confusion-matrix.ts';
import { fusionWeight } from './fusion-weight.ts';
import { learningCurves } from './learning-curves.ts';
import { perCodeBars } from './per-code.ts';
import { reliabilityDiagram } from './reliability.ts';
import type { Chart } from './render.ts';

export interface ChartInput {
  readonly evaluation: Evaluation;
  /** null when that model was not trained here. */
  readonly textSummary: TrainingSummary | null;
  readonly imageSummary: TrainingSummary | null;
  /** Empty when the fusion was not tuned. */
  readonly fusionCurve: Tuning['curve'];
}

/** Every chart that these results can fill, by file name without extension. */
export function chartsOf(input: ChartInput): ReadonlyMap<string, Chart> {
  const { evaluation, textSummary, imageSummary, fusionCurve } = input;
  const { metrics } = evaluation;
  const charts = new Map<string, Chart>();
  if (textSummary?.epochs.length || imageSummary?.epochs.length) {
    charts.set('learning-curves', learningCurves(textSummary, imageSummary));
  }
  if (metrics.n > 0) {
    charts.set('confusion-matrix', confusionMatrix(evaluation.confusionMatrix));
    charts.set('per-code', perCodeBars(evaluation.perCode, metrics.fused.macroF1));
    charts.set('reliability', reliabilityDiagram(evaluation.reliability, metrics.ece));
  }
  if (fusionCurve.length > 0) charts.set('fusion-weight', fusionWeight(fusionCurve));
  return charts;
}
