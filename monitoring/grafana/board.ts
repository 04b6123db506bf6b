/** A board as its author thinks of it; render.ts makes Grafana's JSON of it. */
export interface Board {
  /** In the board's address; a board that changes keeps it. */
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly rows: readonly Row[];
}

export interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}

export interface Panel {
  readonly title: string;
  /** What one sees there, and what would be wrong. */
  readonly description: string;
  readonly kind: 'lines' | 'stack' | 'number' | 'bars';
  /** Grafana's name of the unit: s, bytes, percentunit, reqps, ops, none, ... */
  readonly unit: string;
  readonly queries: readonly Query[];
}

export interface Query {
  /** PromQL; $__rate_interval and $__range are Grafana's. */
  readonly expr: string;
  readonly legend: string;
}

export const lines = panelOf('lines');
export const stack = panelOf('stack');
export const number = panelOf('number');
export const bars = panelOf('bars');

/** @example lines('Requests', 'By handler.', 'reqps', ['sum by (handler) (...)', '{{handler}}']) */
function panelOf(kind: Panel['kind']) {
  return (
    title: string,
    description: string,
    unit: string,
    ...queries: readonly (readonly [expr: string, legend: string])[]
  ): Panel => ({
    title,
    description,
    kind,
    unit,
    queries: queries.map(([expr, legend]) => ({ expr, legend })),
  });
}

/** Quantiles of a histogram, by the labels of `by`. */
export function quantiles(
  histogram: string,
  { by = '', selector = '' }: { readonly by?: string; readonly selector?: string } = {},
): (readonly [expr: string, legend: string])[] {
  const labels = by === '' ? 'le' : `${by}, le`;
  return [0.5, 0.95, 0.99].map((q) => [
    `histogram_quantile(${q}, sum by (${labels}) (rate(${histogram}_bucket${selector}[$__rate_interval])))`,
    `${by === '' ? '' : `{{${by}}} `}p${q * 100}`,
  ]);
}

/** The mean of a histogram, by a label. */
export function mean(histogram: string, by: string): string {
  const of = (part: string) => `sum by (${by}) (rate(${histogram}_${part}[$__rate_interval]))`;
  return `${of('sum')} / ${of('count')}`;
}
