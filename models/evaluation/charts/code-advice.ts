import type { Insight } from '../insight/format.ts';
import { axisLabel, TWO_LINES } from './names.ts';
import { type Chart, COLOURS } from './render.ts';

const ACTIONS = {
  'check-labels': { title: 'check the given codes', colour: '#cf222e' },
  'draw-the-line': { title: 'draw the line to one other code', colour: '#bf8700' },
  'more-rows': { title: 'more rows', colour: COLOURS.text },
  fine: { title: 'nothing urgent', colour: COLOURS.fused },
  'too-few-to-tell': { title: 'too few to tell', colour: COLOURS.neutral },
} as const;

/** F1 of each code with its interval, where as many rows again would take it, and what would help most. */
export function codeAdvice(codes: Insight['codes']): Chart {
  const values = codes
    .filter(({ support }) => support > 0)
    .sort((a, b) => a.f1 - b.f1 || a.code - b.code)
    .map((code) => ({
      code: axisLabel(code.code),
      f1: code.f1,
      low: code.f1Interval[0],
      high: code.f1Interval[1],
      doubledLow: code.doubled?.f1[0] ?? null,
      doubledHigh: code.doubled?.f1[1] ?? null,
      action: ACTIONS[code.action].title,
      figure: [
        code.trainingRows === null ? `${code.support} judged` : `${code.trainingRows} rows`,
        ...(code.suspects > 0 ? [`${code.suspects} suspect`] : []),
      ].join(', '),
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
      grid: true,
    },
  };
  const scale = { domain: [0, 1] };
  const shown = Object.values(ACTIONS).filter(({ title }) => values.some(({ action }) => action === title));
  return {
    title: {
      text: 'What would help each code most',
      subtitle: [
        'point: F1 on products that the model had not seen; line: its 95 % interval;',
        'blue band: where F1 might be with as many training rows again',
      ],
    },
    data: { values },
    width: 460,
    height: { step: 27 },
    layer: [
      {
        transform: [{ filter: 'datum.doubledLow !== null' }],
        mark: { type: 'bar', height: 13, color: '#b6d4fe' },
        encoding: {
          x: { field: 'doubledLow', type: 'quantitative', title: 'F1', scale },
          x2: { field: 'doubledHigh' },
          y,
        },
      },
      {
        mark: { type: 'rule', color: COLOURS.neutral, strokeWidth: 1.2 },
        encoding: { x: { field: 'low', type: 'quantitative', scale }, x2: { field: 'high' }, y },
      },
      {
        mark: { type: 'point', filled: true, size: 75, opacity: 1 },
        encoding: {
          x: { field: 'f1', type: 'quantitative', scale },
          y,
          color: {
            field: 'action',
            type: 'nominal',
            scale: { domain: shown.map(({ title }) => title), range: shown.map(({ colour }) => colour) },
            legend: { title: null, orient: 'top', columns: 3, labelLimit: 300 },
          },
        },
      },
      {
        mark: { type: 'text', align: 'left', dx: 8, fontSize: 10, color: '#333' },
        encoding: { x: { value: 'width' }, y, text: { field: 'figure' } },
      },
    ],
  } as Chart;
}
