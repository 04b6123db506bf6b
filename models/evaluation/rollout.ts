import { z } from 'zod';

const seconds = z
  .number()
  .min(0)
  .max(7 * 24 * 3600)
  .default(0);
const share = z.number().min(0).max(1);

/** How a bundle is tried on real requests before it serves, and what makes it go back. */
export const rolloutRule = z.strictObject({
  /** So long it answers a share of the requests unseen, beside the champion. */
  shadowSeconds: seconds,
  /** So long its answers to a share of the requests are given. */
  canarySeconds: seconds,
  /** The share of the requests, in both. */
  share: z.number().gt(0).max(1).default(0.1),
  /** It goes back when a larger share of its requests fails. */
  failures: share.default(0.01),
  /** It goes back when its 95th percentile is so many times the champion's, and above 100 ms. */
  slowdown: z.number().min(1).max(1000).default(3),
  /** Shadow: it goes back when it answers a larger share of the requests with another code. 1: never. */
  disagreement: share.default(1),
});
export type RolloutRule = z.output<typeof rolloutRule>;

/** What was seen of a bundle on trial, by all API processes together. */
export interface Observed {
  readonly answered: number;
  readonly failed: number;
  readonly disagreed: number;
  /** 95th percentiles; null before the first answer. */
  readonly milliseconds: number | null;
  readonly championMilliseconds: number | null;
}

const UNNOTICEABLE_MS = 100;
/** One slow answer is no percentile. */
const ENOUGH_ANSWERS = 5;

/** Why a bundle on trial must go back, in a sentence; null while nothing speaks against it. Pure. */
export function reasonToGoBack(seen: Observed, rule: RolloutRule): string | null {
  const asked = seen.answered + seen.failed;
  if (asked === 0) return null;
  if (seen.failed / asked > rule.failures) {
    return `${seen.failed} of ${asked} requests failed, and ${percent(rule.failures)} may; the champion answered them.`;
  }
  if (seen.answered < ENOUGH_ANSWERS) return null;
  if (seen.disagreed / seen.answered > rule.disagreement) {
    return `It answered ${seen.disagreed} of ${seen.answered} requests with another code than the champion, and ${percent(rule.disagreement)} may differ.`;
  }
  const { milliseconds: own, championMilliseconds: champion } = seen;
  if (own === null || champion === null) return null;
  if (own > UNNOTICEABLE_MS && own > rule.slowdown * champion) {
    return `Its 95th percentile is ${own.toFixed(0)} ms, more than ${rule.slowdown} times the champion's ${champion.toFixed(0)} ms.`;
  }
  return null;
}

function percent(share: number): string {
  return `${Number((100 * share).toFixed(2))} %`;
}
