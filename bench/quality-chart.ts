import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { writeAtomic } from '../data/atomic.ts';
import { type Chart, toPng, toSvg } from '../models/evaluation/charts/render.ts';

export interface CurvePoint {
  readonly model: string;
  /** Rows trained on, on average over the folds. */
  readonly rows: number;
  readonly weightedF1: number;
}

function learningCurve(points: readonly CurvePoint[]): Chart {
  return {
    title: {
      text: 'Weighted F1 by rows trained on',
      subtitle: 'text models, out of fold; a curve that still rises asks for more products',
    },
    width: 480,
    height: 300,
    data: { values: [...points] },
    mark: { type: 'line', point: true },
    encoding: {
      x: { field: 'rows', type: 'quantitative', title: 'rows trained on', scale: { zero: true } },
      y: { field: 'weightedF1', type: 'quantitative', title: 'weighted F1', scale: { domain: [0, 1] } },
      color: { field: 'model', type: 'nominal', title: null },
    },
  } as Chart;
}

/** Draws the curves into a folder as SVG and PNG. @returns the PNG's path */
export async function writeLearningCurve(directory: string, points: readonly CurvePoint[]): Promise<string> {
  await mkdir(directory, { recursive: true });
  const svg = await toSvg(learningCurve(points));
  await writeAtomic(join(directory, 'learning-curve.svg'), svg);
  const png = join(directory, 'learning-curve.png');
  await writeAtomic(png, await toPng(svg));
  return png;
}
