import { axisLabel, TWO_LINES } from '../evaluation/charts/names.ts';
import { type Chart, COLOURS } from '../evaluation/charts/render.ts';
import { FEATURE_TITLES } from './names.ts';
import type { DriftReport } from './report.ts';
import { figure } from './sentences.ts';
import type { DriftStatistic, Level } from './statistic.ts';
import { codeOf } from './watched.ts';

const THEN = 'at the training / à l’apprentissage';
const NOW = 'now / maintenant';
const LEVEL_COLOURS: Readonly<Record<Level, string>> = {
  ok: COLOURS.fused,
  warn: '#bf8700',
  alert: COLOURS.image,
  retrain: '#cf222e',
};
/** Pictures of single features beside the overview. */
const MOST = 4;

/** Every picture that a report can fill, by file name without extension; `toSvg` and `toPng` draw them. */
export function driftCharts({ statistics }: DriftReport): ReadonlyMap<string, Chart> {
  const charts = new Map<string, Chart>();
  const find = (name: string) => statistics.find(({ feature }) => feature === name);
  if (statistics.length > 0) charts.set('overview', overview(statistics));
  const [code, confidence] = [find('code'), find('confidence')];
  if (code) charts.set('codes', codes(code));
  if (confidence) charts.set('confidence', numbers(confidence));
  const drifting = statistics.filter(
    ({ feature, level, edges }) => level !== 'ok' && edges.length > 0 && feature !== 'confidence',
  );
  for (const one of drifting.slice(0, MOST)) charts.set(one.feature, numbers(one));
  return charts;
}

const title = ({ feature }: DriftStatistic) =>
  `${FEATURE_TITLES[feature].en} / ${FEATURE_TITLES[feature].fr}`;

/** Each feature's value by its own threshold for alerts, so that all are on one axis. */
function overview(statistics: readonly DriftStatistic[]): Chart {
  const values = statistics.map((one) => ({
    feature: title(one),
    share: Math.min(3, one.value / one.threshold.alert),
    warn: one.threshold.warn / one.threshold.alert,
    level: one.level,
  }));
  const y = {
    field: 'feature',
    type: 'nominal',
    title: null,
    sort: values.map(({ feature }) => feature),
    axis: { labelLimit: 600 },
  };
  const levels = Object.keys(LEVEL_COLOURS) as Level[];
  return {
    title: {
      text: 'What has changed most? / Qu’est-ce qui a le plus changé ?',
      subtitle: ['1: alerts; tick: warns; cut at 3', '1 : alerte ; trait : avertit ; coupé à 3'],
    },
    data: { values },
    width: 420,
    height: { step: 20 },
    layer: [
      {
        mark: { type: 'bar' },
        encoding: {
          x: { field: 'share', type: 'quantitative', title: null, scale: { domain: [0, 3] } },
          y,
          color: {
            field: 'level',
            type: 'nominal',
            scale: { domain: levels, range: levels.map((level) => LEVEL_COLOURS[level]) },
            legend: { title: null, orient: 'top' },
          },
        },
      },
      {
        mark: { type: 'tick', color: '#1b1f24' },
        encoding: { x: { field: 'warn', type: 'quantitative' }, y },
      },
      { mark: { type: 'rule', color: '#1b1f24', strokeDash: [5, 4] }, encoding: { x: { datum: 1 } } },
    ],
  } as Chart;
}

function codes(one: DriftStatistic): Chart {
  const cells = one.before.map((then, cell) => ({
    code: axisLabel(codeOf(cell)),
    then,
    now: one.now[cell] as number,
  }));
  const values = cells.flatMap(({ code, then, now }) => [
    { code, when: THEN, share: then },
    { code, when: NOW, share: now },
  ]);
  return {
    title: { text: title(one), subtitle: [`${one.rows.now} predictions / prédictions`] },
    data: { values },
    width: 420,
    height: { step: 13 },
    mark: { type: 'bar' },
    encoding: {
      x: { field: 'share', type: 'quantitative', title: null, axis: { format: '.0%' } },
      y: {
        field: 'code',
        type: 'nominal',
        title: null,
        sort: cells.map(({ code }) => code),
        axis: { labelExpr: TWO_LINES, labelFontSize: 9.5, labelLineHeight: 11, labelLimit: 400 },
      },
      yOffset: { field: 'when', sort: [THEN, NOW] },
      color: whenColour,
    },
  } as Chart;
}

/** Bins held about equal shares at the training: what is taller or lower now has changed. */
function numbers(one: DriftStatistic): Chart {
  const label = (edge: number | undefined) => (edge === undefined ? '...' : figure(one.feature, edge));
  const labels = one.before.map((_, bin) => `${label(one.edges[bin - 1])} - ${label(one.edges[bin])}`);
  const values = one.before.flatMap((then, bin) => [
    { bin, when: THEN, share: then },
    { bin, when: NOW, share: one.now[bin] as number },
  ]);
  return {
    title: { text: title(one), subtitle: ['share of the products / part des produits'] },
    data: { values },
    width: { step: 14 },
    height: 240,
    mark: { type: 'bar' },
    encoding: {
      x: {
        field: 'bin',
        type: 'ordinal',
        title: null,
        axis: { labelAngle: -60, labelExpr: `${JSON.stringify(labels)}[datum.value]` },
      },
      xOffset: { field: 'when', sort: [THEN, NOW] },
      y: { field: 'share', type: 'quantitative', title: null, axis: { format: '.0%' } },
      color: whenColour,
    },
  } as Chart;
}

const whenColour = {
  field: 'when',
  type: 'nominal',
  scale: { domain: [THEN, NOW], range: [COLOURS.neutral, COLOURS.image] },
  legend: { title: null, orient: 'top', labelLimit: 300 },
};
