import { TYPE_CODES } from '../../../data/type-codes.ts';
import { sum } from '../rows.ts';
import { axisLabel, TWO_LINES } from './names.ts';
import type { Chart } from './render.ts';

/** A heat map of [27][27] counts: colour is the share of the row (the actual code), figures are counts. */
export function confusionMatrix(matrix: readonly (readonly number[])[]): Chart {
  const labels = TYPE_CODES.map(axisLabel);
  const values = matrix.flatMap((row, actual) =>
    row.map((count, predicted) => ({
      actual: labels[actual],
      predicted: String(TYPE_CODES[predicted]),
      count,
      share: count / Math.max(1, sum(row)),
    })),
  );
  const encoding = {
    x: {
      field: 'predicted',
      type: 'nominal',
      sort: TYPE_CODES.map(String),
      title: 'predicted code',
      axis: { labelAngle: 0, labelFontSize: 10, orient: 'bottom' },
    },
    y: {
      field: 'actual',
      type: 'nominal',
      sort: labels,
      title: null,
      axis: {
        labelExpr: TWO_LINES,
        labelFontSize: 9.5,
        labelLineHeight: 11,
        labelLimit: 400,
        labelBaseline: 'line-bottom',
      },
    },
  };
  return {
    title: {
      text: 'Confusion matrix',
      subtitle:
        'a row is the actual code, a column the predicted one; figures are products, colour is the share of the row',
    },
    data: { values },
    width: { step: 30 },
    height: { step: 27 },
    encoding,
    layer: [
      {
        mark: { type: 'rect', stroke: '#f0f0f0', strokeWidth: 1 },
        encoding: {
          color: {
            field: 'share',
            type: 'quantitative',
            scale: { domain: [0, 1], range: ['#ffffff', '#6baed6', '#08306b'], interpolate: 'rgb' },
            // Symbols, not a gradient: a gradient gets an id that counts up within the process.
            legend: {
              title: 'share of row',
              type: 'symbol',
              symbolType: 'square',
              values: [0, 0.25, 0.5, 0.75, 1],
              format: '.0%',
            },
          },
        },
      },
      {
        transform: [{ filter: 'datum.count > 0' }],
        mark: { type: 'text', fontSize: 10 },
        encoding: {
          text: { field: 'count', type: 'quantitative', format: 'd' },
          color: { condition: { test: 'datum.share > 0.4', value: 'white' }, value: '#222' },
        },
      },
    ],
  } as Chart;
}
