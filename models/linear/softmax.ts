import { minimise } from './lbfgs.ts';

/** Rows whose sums are taken together: a weight is fetched once for all of them. */
const BLOCK = 4;

export interface SoftmaxInput {
  /** Row-major [rows * size]. */
  readonly features: Float32Array;
  readonly size: number;
  /** The n rows of `features` to learn from; all of them when left out. */
  readonly picks?: Uint32Array;
  /** Class indexes of the n rows. */
  readonly labels: ArrayLike<number>;
  readonly classes: number;
  /** How many times each of the n rows counts; 1 each when left out. */
  readonly rowWeights?: ArrayLike<number>;
  /** Weight of the loss against the regulariser, scikit-learn's C. */
  readonly c: number;
  /** Rare classes weigh as much as frequent ones: rows / (classes present * rows of the class). */
  readonly balanced: boolean;
  /** Ends when no part of the gradient of the mean loss is larger. */
  readonly tolerance: number;
  /** Steps at most. */
  readonly iterations: number;
}

export interface SoftmaxModel {
  /** [classes * size] */
  readonly weights: Float32Array;
  /** [classes] */
  readonly bias: Float32Array;
}

/**
 * Multinomial logistic regression with L2 regularisation of the weights, not of the bias: scikit-learn's
 * LogisticRegression. No random numbers: the same input gives the same bytes. A class without rows gets a bias
 * that makes it unlikely.
 */
export function fitSoftmax(input: SoftmaxInput): SoftmaxModel {
  const { features, size, labels, classes } = input;
  const n = labels.length;
  const placeOf = (row: number): number => input.picks?.[row] ?? row;
  const rowWeights = rowWeightsOf(input);
  let total = 0;
  for (const weight of rowWeights) total += weight;
  const penalty = 1 / (input.c * total);
  const biases = classes * size;
  const scores = new Float64Array(BLOCK * classes);

  const lossAndGradient = (x: Float64Array, gradient: Float64Array): number => {
    let loss = 0;
    gradient.fill(0);
    for (let block = 0; block < n; block += BLOCK) {
      const count = Math.min(BLOCK, n - block);
      // A block that is not full repeats its last row, with errors of 0.
      const [a, b, c, d] = [0, 1, 2, 3].map((at) => placeOf(block + Math.min(at, count - 1)) * size) as [
        number,
        number,
        number,
        number,
      ];
      for (let k = 0; k < classes; k++) {
        const bias = x[biases + k] as number;
        const from = k * size;
        let [first, second, third, fourth] = [bias, bias, bias, bias];
        for (let j = 0; j < size; j++) {
          const weight = x[from + j] as number;
          first += weight * (features[a + j] as number);
          second += weight * (features[b + j] as number);
          third += weight * (features[c + j] as number);
          fourth += weight * (features[d + j] as number);
        }
        scores[k] = first;
        scores[classes + k] = second;
        scores[2 * classes + k] = third;
        scores[3 * classes + k] = fourth;
      }
      for (let at = 0; at < BLOCK; at++) {
        const own = scores.subarray(at * classes, (at + 1) * classes);
        const row = block + at;
        const weight = at < count ? (rowWeights[row] as number) / total : 0;
        loss += weight * toErrors(own, at < count ? (labels[row] as number) : 0, weight);
      }
      for (let k = 0; k < classes; k++) {
        const first = scores[k] as number;
        const second = scores[classes + k] as number;
        const third = scores[2 * classes + k] as number;
        const fourth = scores[3 * classes + k] as number;
        gradient[biases + k] = (gradient[biases + k] as number) + first + second + third + fourth;
        const to = k * size;
        for (let j = 0; j < size; j++) {
          gradient[to + j] =
            (gradient[to + j] as number) +
            first * (features[a + j] as number) +
            second * (features[b + j] as number) +
            third * (features[c + j] as number) +
            fourth * (features[d + j] as number);
        }
      }
    }
    let squares = 0;
    for (let at = 0; at < biases; at++) {
      const weight = x[at] as number;
      squares += weight * weight;
      gradient[at] = (gradient[at] as number) + penalty * weight;
    }
    return loss + (penalty * squares) / 2;
  };

  const solution = minimise(lossAndGradient, new Float64Array(biases + classes), input);
  return {
    weights: Float32Array.from(solution.subarray(0, biases)),
    bias: Float32Array.from(solution.subarray(biases)),
  };
}

/** Scores of n rows, row-major [n * classes]; softmaxOf (temperature 1) makes probabilities of them. */
export function softmaxScores(
  { weights, bias }: SoftmaxModel,
  features: Float32Array,
  size: number,
): Float32Array {
  const classes = bias.length;
  const n = features.length / size;
  const scores = new Float32Array(n * classes);
  for (let row = 0; row < n; row++) {
    for (let k = 0; k < classes; k++) {
      scores[row * classes + k] = (bias[k] as number) + dot(weights, k * size, features, row * size, size);
    }
  }
  return scores;
}

/** Turns a row's scores, in place, into `weight` times the loss's gradient by them. @returns the loss */
function toErrors(scores: Float64Array, label: number, weight: number): number {
  let largest = Number.NEGATIVE_INFINITY;
  for (const score of scores) if (score > largest) largest = score;
  const own = scores[label] as number;
  let sum = 0;
  for (let k = 0; k < scores.length; k++) {
    const likelihood = Math.exp((scores[k] as number) - largest);
    scores[k] = likelihood;
    sum += likelihood;
  }
  for (let k = 0; k < scores.length; k++) {
    scores[k] = weight * ((scores[k] as number) / sum - (k === label ? 1 : 0));
  }
  return Math.log(sum) + largest - own;
}

function rowWeightsOf({ labels, classes, balanced, rowWeights }: SoftmaxInput): Float64Array {
  const n = labels.length;
  const result = Float64Array.from({ length: n }, (_, row) => rowWeights?.[row] ?? 1);
  if (!balanced) return result;
  const counts = new Uint32Array(classes);
  for (let row = 0; row < n; row++) {
    counts[labels[row] as number] = (counts[labels[row] as number] as number) + 1;
  }
  const present = counts.filter((count) => count > 0).length;
  return result.map((own, row) => own * (n / (present * (counts[labels[row] as number] as number))));
}

/** Four sums side by side: the processor need not wait for one addition before the next. */
function dot(
  a: Float64Array | Float32Array,
  aFrom: number,
  b: Float32Array,
  bFrom: number,
  size: number,
): number {
  let first = 0;
  let second = 0;
  let third = 0;
  let fourth = 0;
  let at = 0;
  for (; at + 3 < size; at += 4) {
    first += (a[aFrom + at] as number) * (b[bFrom + at] as number);
    second += (a[aFrom + at + 1] as number) * (b[bFrom + at + 1] as number);
    third += (a[aFrom + at + 2] as number) * (b[bFrom + at + 2] as number);
    fourth += (a[aFrom + at + 3] as number) * (b[bFrom + at + 3] as number);
  }
  for (; at < size; at++) first += (a[aFrom + at] as number) * (b[bFrom + at] as number);
  return first + second + (third + fourth);
}
