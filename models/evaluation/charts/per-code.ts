import type { CodeScores } from '../classification.ts';
import { axisLabel, TWO_LINES } from './names.ts';
import { type Chart, COLOURS } from './render.ts';

/** A bar of F1 for each code, with its number of products. */
export function perCodeBars(perCode: readonly CodeScores[], macroF1: number): Chart {
  const values = perCode.map(({ code, f1, support }) => ({
    code: axisLabel(code),
    f1,
    figure: support === 0 ? 'no products' : `${f1.toFixed(2)}  (${support})`,
  }));
  const y = {
    field: 'code',
    type: 'nominal',
    sort: values.map(({ code }) => code),
    title: null,
    axis: {
      labelExpr: TWO_LINES,
      labelFontSize: 9.5,
      labelLineHeight: 11,
      labelLimit: 400,
      labelBaseline: 'line-bottom',
    },
  };
  const x = { field: 'f1', type: 'quantitative', title: 'F1', scale: { domain: [0, 1] } };
  return {
    title: {
      text: 'F1 of each code',
      subtitle: `in brackets the number of products; the line is the macro F1, ${macroF1.toFixed(3)}`,
    },
    width: 460,
    height: { step: 27 },
    layer: [
      { data: { values }, mark: { type: 'bar', color: COLOURS.fused, height: 16 }, encoding: { x, y } },
      {
        data: { values },
        mark: { type: 'text', align: 'left', dx: 8, fontSize: 10, color: '#333' },
        encoding: { x: { value: 'width' }, y, text: { field: 'figure' } },
      },
      {
        data: { values: [{ f1: macroF1 }] },
        mark: { type: 'rule', color: COLOURS.neutral, strokeDash: [4, 3] },
        encoding: { x },
      },
    ],
  } as Chart;
}
