import type { Probabilities } from '../../evaluation/rows.ts';
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
const [LOWEST_TEMPERATURE, HIGHEST_TEMPERATURE] = [0.05, 20];
const [FLOOR_STEPS, TEMPERATURE_STEPS] = [12, 20];
/** Two numbers are found as well on so many rows as on more, and in seconds. */
const MOST_ROWS = 10_000;

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

/** For each row: the class whose probability is looked at, and whether it is the right one. */
interface Judged {
  readonly column: number;
  readonly right: boolean;
}

/**
 * The calibration of least mean log loss. `scores` must come from rows that the model did not learn from, `labels`
 * are class indexes. No rows: nothing is changed.
 * @param judged labels: of the whole distribution, for a part that is joined with others. answers: of the likeliest
 * class being right, for what is shown as confidence; fitted on all 27, it came out 2 points too sure.
 */
export function fitCalibration(
  scores: Float32Array,
  labels: ArrayLike<number>,
  classes: number,
  judged: 'labels' | 'answers',
): Calibration {
  if (labels.length === 0) return { temperature: 1, floor: 0 };
  const { scores: some, rows } = sample(scores, labels, classes, judged);
  const loss = (temperature: number, floor: number) => {
    const probabilities = softmaxOf(some, classes, temperature);
    let sum = 0;
    rows.forEach(({ column, right }, row) => {
      const probability = (1 - floor) * (probabilities[row * classes + column] as number) + floor / classes;
      sum -= Math.log(Math.max(right ? probability : 1 - probability, LEAST));
    });
    return sum / rows.length;
  };
  const [low, high] = [Math.log(LOWEST_TEMPERATURE), Math.log(HIGHEST_TEMPERATURE)];
  const temperatureFor = (floor: number) =>
    Math.exp(goldenSection((one) => loss(Math.exp(one), floor), low, high, TEMPERATURE_STEPS));
  const floor = goldenSection((one) => loss(temperatureFor(one), one), 0, HIGHEST_FLOOR, FLOOR_STEPS);
  return { temperature: temperatureFor(floor), floor };
}

/** Every so many rows, so that there are no more than MOST_ROWS. */
function sample(
  scores: Float32Array,
  labels: ArrayLike<number>,
  classes: number,
  judged: 'labels' | 'answers',
): { readonly scores: Float32Array; readonly rows: readonly Judged[] } {
  const stride = Math.ceil(labels.length / MOST_ROWS);
  const count = Math.ceil(labels.length / stride);
  const some = new Float32Array(count * classes);
  const rows = Array.from({ length: count }, (_, at): Judged => {
    const from = at * stride * classes;
    some.set(scores.subarray(from, from + classes), at * classes);
    const label = labels[at * stride] as number;
    const column = judged === 'labels' ? label : likeliest(scores, from, classes);
    return { column, right: column === label };
  });
  return { scores: some, rows };
}

function likeliest(scores: Float32Array, from: number, classes: number): number {
  let best = 0;
  for (let column = 1; column < classes; column++) {
    if ((scores[from + column] as number) > (scores[from + best] as number)) best = column;
  }
  return best;
}
