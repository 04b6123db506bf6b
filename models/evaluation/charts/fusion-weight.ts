import type { Tuning } from '../../fusion/tune.ts';
import { type Chart, COLOURS } from './render.ts';

/** Accuracy over the text weight on the rows that it was tuned on; the first best is marked. */
export function fusionWeight(curve: Tuning['curve']): Chart {
  const best = curve.reduce((found, point) => (point.accuracy > found.accuracy ? point : found), {
    textWeight: 0,
    accuracy: -1,
  });
  const x = {
    field: 'textWeight',
    type: 'quantitative',
    title: 'text weight (0: picture alone, 1: text alone)',
    scale: { domain: [0, 1] },
  };
  const y = {
    field: 'accuracy',
    type: 'quantitative',
    title: 'accuracy',
    axis: { format: '.0%' },
    scale: { zero: false, nice: true },
  };
  return {
    title: {
      text: 'How much to trust the text',
      subtitle: [
        'accuracy on the rows for tuning that have text and a picture',
        `best at ${best.textWeight.toFixed(2)}: ${(100 * best.accuracy).toFixed(1)} %`,
      ],
    },
    width: 520,
    height: 220,
    layer: [
      {
        data: { values: curve },
        mark: { type: 'line', color: COLOURS.fused },
        encoding: { x, y },
      },
      {
        data: { values: [best] },
        mark: { type: 'rule', color: COLOURS.neutral, strokeDash: [2, 3] },
        encoding: { x },
      },
      {
        data: { values: [best] },
        mark: { type: 'point', filled: true, size: 70, opacity: 1, color: COLOURS.fused },
        encoding: { x, y },
      },
    ],
  } as Chart;
}
