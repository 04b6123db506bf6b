import type { ReliabilityBin } from '../calibration.ts';
import { type Chart, COLOURS } from './render.ts';

/** Whether a stated confidence can be believed: accuracy by confidence, with the number of rows below. */
export function reliabilityDiagram(bins: readonly ReliabilityBin[], ece: number): Chart {
  const values = bins.filter(({ n }) => n > 0);
  const x = {
    field: 'from',
    type: 'quantitative',
    bin: { binned: true, step: 1 / Math.max(1, bins.length) },
    scale: { domain: [0, 1] },
    axis: { values: [0, 0.2, 0.4, 0.6, 0.8, 1], format: '.0%', grid: false },
  };
  return {
    title: {
      text: 'Can the confidence be believed?',
      subtitle: [
        'bars that end on the diagonal would be perfect',
        `expected calibration error ${ece.toFixed(3)}`,
      ],
    },
    spacing: 12,
    vconcat: [
      {
        width: 400,
        height: 300,
        layer: [
          {
            data: { values },
            mark: { type: 'bar', color: COLOURS.fused, opacity: 0.8 },
            encoding: {
              x: { ...x, title: null },
              x2: { field: 'to' },
              y: {
                field: 'accuracy',
                type: 'quantitative',
                title: 'accuracy',
                scale: { domain: [0, 1] },
                axis: { format: '.0%' },
              },
            },
          },
          {
            data: {
              values: [
                { from: 0, accuracy: 0 },
                { from: 1, accuracy: 1 },
              ],
            },
            mark: { type: 'line', color: '#1b1f24', strokeDash: [5, 4] },
            encoding: {
              x: { field: 'from', type: 'quantitative' },
              y: { field: 'accuracy', type: 'quantitative' },
            },
          },
        ],
      },
      {
        width: 400,
        height: 70,
        data: { values },
        mark: { type: 'bar', color: COLOURS.neutral },
        encoding: {
          x: { ...x, title: 'confidence of the answer' },
          x2: { field: 'to' },
          y: { field: 'n', type: 'quantitative', title: 'products', axis: { tickCount: 3, format: 'd' } },
        },
      },
    ],
  } as Chart;
}
