import type { TrainingSummary } from '../../runtime/jobs.ts';
import { type Chart, COLOURS } from './render.ts';

interface Measure {
  readonly title: string;
  readonly train: 'loss' | 'accuracy';
  readonly validation: 'validationLoss' | 'validationAccuracy';
}

const MEASURES: readonly Measure[] = [
  { title: 'loss (cross-entropy)', train: 'loss', validation: 'validationLoss' },
  { title: 'accuracy', train: 'accuracy', validation: 'validationAccuracy' },
];

/** Loss and accuracy by epoch, text and image side by side; the kept epoch is marked. Null: not trained. */
export function learningCurves(text: TrainingSummary | null, image: TrainingSummary | null): Chart {
  const columns = [
    { name: 'Text model', colour: COLOURS.text, summary: text },
    { name: 'Image model', colour: COLOURS.image, summary: image },
  ];
  return {
    title: {
      text: 'Learning curves',
      subtitle: 'dashed: training rows, solid: validation rows, dotted: the epoch that was kept',
    },
    spacing: 40,
    hconcat: columns.flatMap(({ name, colour, summary }) =>
      summary === null || summary.epochs.length === 0
        ? []
        : [
            {
              title: { text: name, fontSize: 13, color: colour },
              spacing: 16,
              vconcat: MEASURES.map((measure) => panel(summary, measure, colour)),
            },
          ],
    ),
  } as Chart;
}

function panel(summary: TrainingSummary, measure: Measure, colour: string): object {
  const values = summary.epochs.flatMap((epoch) => [
    { epoch: epoch.epoch, value: epoch[measure.train], rows: 'training' },
    { epoch: epoch.epoch, value: epoch[measure.validation], rows: 'validation' },
  ]);
  const kept = { epoch: summary.bestEpoch, rows: `epoch ${summary.bestEpoch} kept` };
  const epochs = summary.epochs.map(({ epoch }) => epoch);
  const x = {
    field: 'epoch',
    type: 'quantitative',
    title: measure.train === 'accuracy' ? 'epoch' : null,
    scale: { domain: [Math.min(...epochs) - 0.5, Math.max(...epochs) + 0.5], nice: false, zero: false },
    axis: { tickMinStep: 1, format: 'd', grid: false },
  };
  const y = {
    field: 'value',
    type: 'quantitative',
    title: measure.title,
    scale: measure.train === 'accuracy' ? { domain: [0, 1] } : { zero: true },
    axis: measure.train === 'accuracy' ? { format: '.0%' } : {},
  };
  return {
    width: 340,
    height: 170,
    layer: [
      {
        data: { values: [kept] },
        mark: { type: 'rule', strokeDash: [2, 3], color: COLOURS.neutral },
        encoding: { x },
      },
      {
        data: { values },
        mark: { type: 'line', color: colour, point: { size: 22, color: colour, filled: true } },
        encoding: {
          x,
          y,
          strokeDash: {
            field: 'rows',
            scale: {
              domain: ['training', 'validation'],
              range: [
                [5, 4],
                [1, 0],
              ],
            },
            legend: null,
          },
        },
      },
      {
        data: { values: values.filter(({ epoch, rows }) => epoch === kept.epoch && rows === 'validation') },
        mark: { type: 'point', size: 110, strokeWidth: 2, color: COLOURS.neutral, filled: false },
        encoding: { x, y },
      },
    ],
  };
}
