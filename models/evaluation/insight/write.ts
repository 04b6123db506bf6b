import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { writeAtomic } from '../../../data/atomic.ts';
import type { JobContext } from '../../runtime/jobs.ts';
import { pause } from '../../runtime/pause.ts';
import { codeAdvice } from '../charts/code-advice.ts';
import { type Chart, toPng, toSvg } from '../charts/render.ts';
import { topConfusions } from '../charts/top-confusions.ts';
import { COLUMNS, contactSheet, type Tile } from './contact-sheet.ts';
import { insightCsv } from './csv.ts';
import type { Insight, NamedCode } from './format.ts';
import { insightMarkdown } from './markdown.ts';
import { chance } from './text.ts';

const SUSPECTS = 25;
const PAIRS = 6;
/** More than any product picture; read before its header can be looked at. */
const MOST_BYTES = 20 * 1024 * 1024;

/**
 * Writes insight.json, the CSV files, pictures and, last, insight.md into `directory`. The same findings give the same
 * bytes of JSON, CSV, Markdown and SVG.
 */
export async function writeInsight(
  directory: string,
  insight: Insight,
  { picturesDirectory, context }: { readonly picturesDirectory: string; readonly context: JobContext },
): Promise<void> {
  await writeAtomic(join(directory, 'insight.json'), `${JSON.stringify(insight, null, 2)}\n`);
  for (const [file, csv] of insightCsv(insight)) await writeAtomic(join(directory, file), csv);

  const pictures = new Set<string>();
  for (const [name, chart] of chartsOf(insight)) {
    await pause(context);
    const svg = await toSvg(chart);
    await writeAtomic(join(directory, `${name}.svg`), svg);
    await writeAtomic(join(directory, `${name}.png`), await toPng(svg));
    pictures.add(`${name}.svg`);
  }
  for (const [file, rows] of sheetsOf(insight)) {
    await pause(context);
    const sheet = await contactSheet(rows, (picture) => readBounded(join(picturesDirectory, picture)));
    await writeAtomic(join(directory, file), sheet);
    pictures.add(file);
  }
  await writeAtomic(join(directory, 'insight.md'), insightMarkdown(insight, pictures));
}

function chartsOf({ codes, confusions }: Insight): [string, Chart][] {
  return [
    ...(confusions.length > 0 ? [['top-confusions', topConfusions(confusions)] as [string, Chart]] : []),
    ...(codes.some(({ support }) => support > 0)
      ? [['code-advice', codeAdvice(codes)] as [string, Chart]]
      : []),
  ];
}

function sheetsOf({ labelErrors, confusions }: Insight): [string, readonly (readonly Tile[])[]][] {
  const suspects = labelErrors.suspects
    .slice(0, SUSPECTS)
    .map(({ picture, designation, given, suggested, givenProbability, suggestedProbability }) => ({
      picture,
      designation,
      lines: [
        ...caption('given', given, givenProbability),
        ...caption('rather', suggested, suggestedProbability),
        { text: designation, strong: false },
      ],
    }));
  const examples = confusions.slice(0, PAIRS).map(({ given, predicted, examples: own }) =>
    own.map(({ picture, designation, givenProbability, predictedProbability }) => ({
      picture,
      designation,
      lines: [
        ...caption('given', given, givenProbability),
        ...caption('taken for', predicted, predictedProbability),
        { text: designation, strong: false },
      ],
    })),
  );
  const sheets: [string, readonly (readonly Tile[])[]][] = [
    ['label-errors.jpg', inRows(suspects)],
    ['confusions.jpg', examples],
  ];
  return sheets.filter(([, rows]) => rows.length > 0);
}

function inRows(tiles: readonly Tile[]): Tile[][] {
  const count = Math.ceil(tiles.length / COLUMNS);
  return Array.from({ length: count }, (_, row) => tiles.slice(row * COLUMNS, (row + 1) * COLUMNS));
}

function caption(what: string, { code, fr, en }: NamedCode, probability: number): Tile['lines'] {
  return [
    { text: `${what} ${code} (${chance(probability)})`, strong: true },
    { text: fr, strong: false },
    { text: en, strong: false },
  ];
}

async function readBounded(file: string): Promise<Uint8Array | null> {
  const found = await stat(file).catch(() => null);
  return found && found.size <= MOST_BYTES ? readFile(file) : null;
}
