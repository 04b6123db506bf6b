import { TYPE_CODE_NAMES, type TypeCode } from '../../data/type-codes.ts';
import type { Jobs, TrainingSummary } from '../runtime/jobs.ts';
import type { ChartInput } from './charts/index.ts';
import type { Scores } from './classification.ts';
import type { Verdict } from './gate.ts';

const CONFUSIONS = 15;

const PICTURES: Readonly<Record<string, string>> = {
  'learning-curves': 'Learning curves of the text and the image model',
  'confusion-matrix': 'Confusion matrix of the 27 codes',
  'per-code': 'F1 of each code',
  'fusion-weight': 'Accuracy over the weight of the text model',
  reliability: 'Accuracy over confidence',
};

export interface EvaluationReport extends ChartInput {
  readonly gate?: Verdict;
  /** An encoder that the text model was to have and that could not be had; null: nothing is missing. */
  readonly missingEncoder?: string | null;
  /** How much was found in the catalogue itself; see the folder `insight` beside the report. */
  readonly insight?: Jobs['insight']['output'];
}

/** The report as people read it; `charts` are the names of the pictures beside it, `insight` a folder beside it. */
export function reportMarkdown(report: EvaluationReport, charts: readonly string[], insight: string): string {
  const { metrics, baseline } = report.evaluation;
  const sections = [
    '# Evaluation',
    report.gate
      ? `**${report.gate.passed ? 'Passed the gate' : 'Stopped at the gate'}.** ${report.gate.reason}`
      : '',
    table(
      ['', 'products', 'weighted F1', 'macro F1', 'accuracy'],
      [
        scoresRow('**text and image together**', metrics.fused),
        scoresRow('text alone, where there is text', metrics.text),
        scoresRow('image alone, where there is a picture', metrics.image),
        scoresRow('always the most frequent code', baseline),
      ],
    ),
    `Expected calibration error: ${figure(metrics.ece)} (0 means that a confidence of 80 % is right 80 % of the time).`,
    report.missingEncoder
      ? `**Trained without its text encoder.** ${report.missingEncoder} could not be had; with it the text model is better. Train again where it can.`
      : '',
    trainingLine('Text model', report.textSummary),
    trainingLine('Image model', report.imageSummary),
    picture('learning-curves', charts),
    picture('fusion-weight', charts),
    '## Each code',
    table(
      ['code', 'name', 'nom', 'precision', 'recall', 'F1', 'products'],
      report.evaluation.perCode.map(({ code, precision, recall, f1, support }) => [
        `${code}`,
        TYPE_CODE_NAMES[code].en,
        TYPE_CODE_NAMES[code].fr,
        figure(precision),
        figure(recall),
        figure(f1),
        `${support}`,
      ]),
    ),
    picture('per-code', charts),
    '## What is taken for what',
    confusions(report),
    picture('confusion-matrix', charts),
    charts.includes('reliability') ? '## Confidence' : '',
    picture('reliability', charts),
    ...catalogueLines(report, insight),
  ];
  return `${sections.filter(Boolean).join('\n\n')}\n`;
}

function catalogueLines({ insight: found }: EvaluationReport, folder: string): string[] {
  if (found === undefined) return [];
  return [
    '## The catalogue itself',
    `${found.suspects} suspected label errors, ${found.duplicates} groups of the same product under different codes, and ` +
      `what would help each code: [what to do about the catalogue](${folder}/insight.md).`,
  ];
}

function confusions({ evaluation }: EvaluationReport): string {
  if (evaluation.confusions.length === 0) return 'No product was taken for another code.';
  const rows = evaluation.confusions
    .slice(0, CONFUSIONS)
    .map(({ actual, predicted, count, share }) => [
      name(actual),
      name(predicted),
      `${count}`,
      `${Math.round(100 * share)} %`,
    ]);
  return table(['actual code', 'taken for', 'products', 'share of the actual code'], rows);
}

function name(code: TypeCode): string {
  return `${code} ${TYPE_CODE_NAMES[code].en}`;
}

function trainingLine(model: string, summary: TrainingSummary | null): string {
  if (summary === null) return '';
  const { rows, epochs, bestEpoch } = summary;
  return `${model}: trained on ${rows.train} products, checked on ${rows.validation}, ${epochs.length} epochs, the weights of epoch ${bestEpoch} kept.`;
}

function scoresRow(what: string, scores: Scores): string[] {
  const { n, weightedF1, macroF1, accuracy } = scores;
  return [what, `${n}`, ...(n === 0 ? ['-', '-', '-'] : [weightedF1, macroF1, accuracy].map(figure))];
}

function picture(chart: string, charts: readonly string[]): string {
  return charts.includes(chart) ? `![${PICTURES[chart] ?? chart}](${chart}.svg)` : '';
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function figure(value: number): string {
  return value.toFixed(3);
}
