import { minimise } from './lbfgs.ts';

export interface SoftmaxInput {
  /** Row-major [n * size]. */
  readonly features: Float32Array;
  readonly size: number;
  /** n class indexes. */
  readonly labels: ArrayLike<number>;
  readonly classes: number;
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
  const { features, size, labels, classes, c } = input;
  const n = labels.length;
  const rowWeights = rowWeightsOf(input);
  let total = 0;
  for (const weight of rowWeights) total += weight;
  const penalty = 1 / (c * total);
  const biases = classes * size;
  const scores = new Float64Array(classes);

  const lossAndGradient = (x: Float64Array, gradient: Float64Array): number => {
    let loss = 0;
    gradient.fill(0);
    for (let row = 0; row < n; row++) {
      const label = labels[row] as number;
      const from = row * size;
      let largest = Number.NEGATIVE_INFINITY;
      for (let k = 0; k < classes; k++) {
        const score = (x[biases + k] as number) + dot(x, k * size, features, from, size);
        scores[k] = score;
        if (score > largest) largest = score;
      }
      const own = scores[label] as number;
      let sum = 0;
      for (let k = 0; k < classes; k++) {
        const likelihood = Math.exp((scores[k] as number) - largest);
        scores[k] = likelihood;
        sum += likelihood;
      }
      const weight = (rowWeights[row] as number) / total;
      loss += weight * (Math.log(sum) + largest - own);
      for (let k = 0; k < classes; k++) {
        const error = weight * ((scores[k] as number) / sum - (k === label ? 1 : 0));
        gradient[biases + k] = (gradient[biases + k] as number) + error;
        const to = k * size;
        for (let j = 0; j < size; j++) {
          gradient[to + j] = (gradient[to + j] as number) + error * (features[from + j] as number);
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

function rowWeightsOf({ labels, classes, balanced }: SoftmaxInput): Float64Array {
  const n = labels.length;
  const result = new Float64Array(n).fill(1);
  if (!balanced) return result;
  const counts = new Uint32Array(classes);
  for (let row = 0; row < n; row++) {
    counts[labels[row] as number] = (counts[labels[row] as number] as number) + 1;
  }
  const present = counts.filter((count) => count > 0).length;
  return result.map((_, row) => n / (present * (counts[labels[row] as number] as number)));
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
