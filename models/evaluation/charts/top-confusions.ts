import type { Insight } from '../insight/format.ts';
import { TWO_LINES } from './names.ts';
import { type Chart, COLOURS } from './render.ts';

/** The most frequent pairs of given and predicted codes: a bar of products each. */
export function topConfusions(confusions: Insight['confusions']): Chart {
  const values = confusions.map(({ given, predicted, count, share }) => ({
    pair: `${given.code} ${given.fr} → ${predicted.code} ${predicted.fr}|${given.en} → ${predicted.en}`,
    count,
    figure: `${count}  (${Math.round(100 * share)} %)`,
  }));
  const y = {
    field: 'pair',
    type: 'nominal',
    sort: values.map(({ pair }) => pair),
    title: null,
    axis: {
      labelExpr: TWO_LINES,
      labelFontSize: 9.5,
      labelLineHeight: 11,
      labelLimit: 700,
      labelBaseline: 'line-bottom',
    },
  };
  const x = {
    field: 'count',
    type: 'quantitative',
    title: 'products',
    axis: { tickMinStep: 1, format: 'd' },
  };
  return {
    title: {
      text: 'What is most often taken for what',
      subtitle: 'given code → answered code; in brackets the share of the given code',
    },
    data: { values },
    width: 340,
    height: { step: 30 },
    layer: [
      { mark: { type: 'bar', color: COLOURS.fused, height: 16 }, encoding: { x, y } },
      {
        mark: { type: 'text', align: 'left', dx: 6, fontSize: 10, color: '#333' },
        encoding: { x, y, text: { field: 'figure' } },
      },
    ],
  } as Chart;
}
