import { isTypeCode, TYPE_CODE_NAMES } from '../../data/type-codes.ts';
import type { Explanation } from '../../models/explain/explanation.ts';
import type { PredictProduct } from '../../models/runtime/jobs.ts';

/** All that is shown of one explanation. */
export interface ShownExplanation {
  readonly bundle: string;
  readonly product: PredictProduct;
  readonly explanation: Explanation;
  readonly language: 'fr' | 'en';
}

export function nameOf({ explanation: { code }, language }: ShownExplanation): string {
  return isTypeCode(code) ? TYPE_CODE_NAMES[code][language] : '';
}

/** -1 .. 1: how strong each contribution is beside the strongest. */
export function strengths(contributions: readonly number[]): number[] {
  const strongest = Math.max(...contributions.map(Math.abs), Number.MIN_VALUE);
  return contributions.map((contribution) => contribution / strongest);
}
