import type { Row } from '../row.ts';
import type { Figures } from './latency.ts';
import type { Outcome } from './load.ts';

/** A figure beside the peer's: `most` and `least` are of the ratio. Without either it is shown to compare. */
export function beside(
  what: string,
  unit: string,
  [ours, peer]: readonly [number, number],
  { most, least }: { readonly most?: number; readonly least?: number } = {},
): Row {
  const ratio = ours / peer;
  const target =
    most !== undefined
      ? `at most ${most} of peer`
      : least !== undefined
        ? `at least ${least} times the peer`
        : '-';
  // Written so that NaN meets no target.
  const ok = (most === undefined || ratio <= most) && (least === undefined || ratio >= least);
  return { what, unit, ours, peer, ratio, target, ok };
}

/** A figure that may be so high at most, whatever the peer's is. */
export function under(
  what: string,
  unit: string,
  ours: number,
  most: number,
  peer: number | null = null,
): Row {
  // Nothing of nothing is no ratio.
  const ratio = peer === null || peer === 0 ? null : ours / peer;
  const target = most === 0 ? '0' : `at most ${Number(most.toPrecision(3))} ${unit}`.trimEnd();
  return { what, unit, ours, peer, ratio, target, ok: ours <= most };
}

export function shown(what: string, unit: string, ours: number): Row {
  return { what, unit, ours, peer: null, ratio: null, target: '-', ok: true };
}

/** How many requests ended with one of these answers. */
export function count(outcomes: readonly Outcome[], isCounted: (answer: string) => boolean): number {
  return outcomes
    .flatMap(({ answers }) => Object.entries(answers))
    .reduce((sum, [answer, times]) => sum + (isCounted(answer) ? times : 0), 0);
}

/** Requests that failed; one that is told to come again later did not. */
export function failed({ outcomes }: Pick<Figures, 'outcomes'>): number {
  return count(outcomes, (answer) => answer !== '200' && answer !== '503');
}

export function refused({ outcomes }: Pick<Figures, 'outcomes'>): number {
  return count(outcomes, (answer) => answer === '503');
}
