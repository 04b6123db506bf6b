import { PLACE_SIZE as SIZE } from './projection.ts';

/** Mean of places, and a matrix that gives places of the same kind variance 1 on every axis and no correlation. */
export interface Whitening {
  /** [16] */
  readonly mean: number[];
  /** [16 * 16], row-major, lower triangular. */
  readonly matrix: number[];
}

/** Of the mean variance, added to each: axes that hardly vary must not decide. */
const RIDGE = 0.05;

/** The inverse of the Cholesky factor of the places' covariance. */
export function whiteningOf(places: ReadonlyArray<readonly number[]>): Whitening {
  const mean = new Float64Array(SIZE);
  for (const place of places)
    for (let i = 0; i < SIZE; i++) add(mean, i, (place[i] as number) / places.length);
  const covariance = new Float64Array(SIZE * SIZE);
  for (const place of places) {
    for (let i = 0; i < SIZE; i++) {
      for (let j = 0; j < SIZE; j++) {
        const product = ((place[i] as number) - at(mean, i)) * ((place[j] as number) - at(mean, j));
        add(covariance, i * SIZE + j, product / Math.max(1, places.length - 1));
      }
    }
  }
  let variance = 0;
  for (let i = 0; i < SIZE; i++) variance += at(covariance, i * SIZE + i) / SIZE;
  // A bundle whose features never vary still gets a matrix.
  for (let i = 0; i < SIZE; i++) add(covariance, i * SIZE + i, RIDGE * variance + 1e-6);
  return { mean: rounded(mean), matrix: rounded(inverse(cholesky(covariance))) };
}

export function whiten({ mean, matrix }: Whitening, place: readonly number[]): Float64Array {
  const result = new Float64Array(SIZE);
  for (let i = 0; i < SIZE; i++) {
    for (let j = 0; j <= i; j++) {
      add(result, i, (matrix[i * SIZE + j] as number) * ((place[j] as number) - (mean[j] as number)));
    }
  }
  return result;
}

function cholesky(covariance: Float64Array): Float64Array {
  const factor = new Float64Array(SIZE * SIZE);
  for (let i = 0; i < SIZE; i++) {
    for (let j = 0; j <= i; j++) {
      let rest = at(covariance, i * SIZE + j);
      for (let k = 0; k < j; k++) rest -= at(factor, i * SIZE + k) * at(factor, j * SIZE + k);
      factor[i * SIZE + j] = i === j ? Math.sqrt(rest) : rest / at(factor, j * SIZE + j);
    }
  }
  return factor;
}

/** Of a lower triangle, column by column. */
function inverse(factor: Float64Array): Float64Array {
  const result = new Float64Array(SIZE * SIZE);
  for (let column = 0; column < SIZE; column++) {
    for (let i = column; i < SIZE; i++) {
      let rest = i === column ? 1 : 0;
      for (let k = column; k < i; k++) rest -= at(factor, i * SIZE + k) * at(result, k * SIZE + column);
      result[i * SIZE + column] = rest / at(factor, i * SIZE + i);
    }
  }
  return result;
}

const at = (numbers: Float64Array, index: number) => numbers[index] as number;

function add(numbers: Float64Array, index: number, value: number): void {
  numbers[index] = at(numbers, index) + value;
}

/** Six digits: the file stays small, and the last bits of a sum decide nothing. */
const rounded = (numbers: Float64Array) => Array.from(numbers, (value) => Number(value.toPrecision(6)));
