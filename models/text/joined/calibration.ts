import type { Probabilities } from '../../family.ts';
import { goldenSection } from '../../linear/golden-section.ts';
import { softmaxOf } from '../../linear/temperature.ts';

/**
 * Honest probabilities of a model's: softmax(log p / temperature), of which `floor` goes to all classes alike. The
 * floor is for what no temperature can say: that some labels are wrong where a model is sure.
 */
export interface Calibration {
  readonly temperature: number;
  /** 0..1 */
  readonly floor: number;
}

/** Of logarithms: no probability of a float32 softmax that matters is below. */
const LEAST = 1e-12;
const HIGHEST_FLOOR = 0.3;
const STEPS = 30;
/** Temperature and floor are looked for in turn; more turns move neither by a thousandth. */
const TURNS = 4;

export function logarithms(probabilities: Probabilities): Float32Array {
  return probabilities.map((probability) => Math.log(Math.max(probability, LEAST)));
}

/** `scores` are logarithms of probabilities, or a linear model's scores: row-major [n * classes]. */
export function calibrate(
  scores: Float32Array,
  classes: number,
  { temperature, floor }: Calibration,
): Probabilities {
  const even = floor / classes;
  return softmaxOf(scores, classes, temperature).map((probability) => (1 - floor) * probability + even);
}

/**
 * The calibration at which the labels have the least mean log loss. `scores` must come from rows that the model did
 * not learn from, `labels` are class indexes. No rows: nothing is changed.
 */
export function fitCalibration(
  scores: Float32Array,
  labels: ArrayLike<number>,
  classes: number,
): Calibration {
  let calibration: Calibration = { temperature: 1, floor: 0 };
  if (labels.length === 0) return calibration;
  const own = new Float64Array(labels.length);
  const readOwn = (temperature: number) => {
    const probabilities = softmaxOf(scores, classes, temperature);
    for (let row = 0; row < own.length; row++) {
      own[row] = probabilities[row * classes + (labels[row] as number)] as number;
    }
  };
  const loss = (floor: number) => {
    let sum = 0;
    for (const probability of own) {
      sum -= Math.log(Math.max((1 - floor) * probability + floor / classes, LEAST));
    }
    return sum / own.length;
  };
  for (let turn = 0; turn < TURNS; turn++) {
    const { floor } = calibration;
    const lossAt = (logTemperature: number) => {
      readOwn(Math.exp(logTemperature));
      return loss(floor);
    };
    const temperature = Math.exp(goldenSection(lossAt, Math.log(0.01), Math.log(100), STEPS));
    readOwn(temperature);
    calibration = { temperature, floor: goldenSection(loss, 0, HIGHEST_FLOOR, STEPS) };
  }
  return calibration;
}
