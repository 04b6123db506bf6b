import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EtiquetteError } from '../../errors.ts';
import type { GoldenProduct } from '../bundle/format.ts';
import type { PredictOutcome, PredictProduct } from '../runtime/jobs.ts';

/** Another CPU or thread count moves float32 sums by about 1e-6; a wrong file moves them by far more. */
const TOLERANCE = 1e-3;

/** The golden products of a bundle folder, with their pictures read. */
export interface GoldenSet {
  readonly products: readonly PredictProduct[];
  readonly expected: readonly GoldenProduct[];
}

/** @throws EtiquetteError BUNDLE_CORRUPT when there are none, or a file of theirs is missing or unreadable. */
export async function readGolden(bundle: string): Promise<GoldenSet> {
  const directory = join(bundle, 'golden');
  try {
    const expected: GoldenProduct[] = JSON.parse(await readFile(join(directory, 'products.json'), 'utf8'));
    if (expected.length === 0) throw new Error('products.json is empty');
    const products = await Promise.all(
      expected.map(async ({ designation, description, picture }) => ({
        designation,
        description,
        picture: picture === null ? null : await readFile(join(directory, picture)),
      })),
    );
    return { products, expected };
  } catch (cause) {
    throw new EtiquetteError(
      'BUNDLE_CORRUPT',
      `The golden products of ${bundle} cannot be read (${(cause as Error).message}). Make or import the bundle again.`,
      { cause },
    );
  }
}

/**
 * Compares what a loaded bundle answers with what it answered when it was made, with the engine that was chosen for it or
 * with the float engine that stands in on a host where that does not run; never with some of both.
 * @throws EtiquetteError BUNDLE_GOLDEN_MISMATCH naming the first product that differs and both answers.
 */
export function checkGolden(
  { labels, version }: { readonly labels: readonly number[]; readonly version: string },
  { expected }: GoldenSet,
  outcomes: readonly PredictOutcome[],
): void {
  const answers = outcomes.map((outcome) =>
    'probabilities' in outcome ? Array.from(outcome.probabilities) : null,
  );
  const inFloat = expected.every(({ floatProbabilities }, index) => {
    const answer = answers[index];
    return answer && floatProbabilities && isClose(answer, floatProbabilities);
  });
  if (inFloat) return;
  expected.forEach((golden, index) => {
    const outcome = outcomes[index];
    const answer = answers[index];
    if (answer && isClose(answer, golden.probabilities)) return;
    const instead = answer ? describe(answer, labels) : problemOf(outcome);
    throw new EtiquetteError(
      'BUNDLE_GOLDEN_MISMATCH',
      `Bundle ${version} answers golden product ${index + 1} ("${golden.designation.slice(0, 80)}") with ${instead}; ` +
        `it answered ${describe(golden.probabilities, labels)} when it was made. It is not deployed: make it again.`,
      { details: { product: index, expected: golden.probabilities, answer } },
    );
  });
}

function isClose(answer: readonly number[], expected: readonly number[]): boolean {
  // Written so that NaN is never close.
  return (
    answer.length === expected.length &&
    answer.every((value, column) => Math.abs(value - (expected[column] ?? Number.NaN)) <= TOLERANCE)
  );
}

function describe(probabilities: readonly number[], labels: readonly number[]): string {
  const best = probabilities.reduce(
    (top, value, column) => (value > (probabilities[top] ?? 0) ? column : top),
    0,
  );
  return `${labels[best]} at ${(probabilities[best] ?? Number.NaN).toFixed(4)}`;
}

function problemOf(outcome: PredictOutcome | undefined): string {
  return outcome && 'problem' in outcome ? `the problem ${outcome.problem.code}` : 'nothing';
}
