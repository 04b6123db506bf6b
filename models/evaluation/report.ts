import { join } from 'node:path';
import { writeAtomic } from '../../data/atomic.ts';
import { TYPE_CODES } from '../../data/type-codes.ts';
import { chartsOf } from './charts/index.ts';
import { toPng, toSvg } from './charts/render.ts';
import { type EvaluationReport, reportMarkdown } from './report-markdown.ts';

/** The folder beside the report for what people can do about the catalogue; the job `insight` fills it. */
export const INSIGHT = 'insight';

/**
 * Writes evaluation.json, report.md and each chart as SVG and PNG into `directory`. The same results give
 * the same JSON, Markdown and SVG bytes. The report comes last: where it is, its pictures are too.
 */
export async function writeEvaluationReport(directory: string, report: EvaluationReport): Promise<void> {
  const { evaluation, gate } = report;
  const json = { labels: TYPE_CODES, ...evaluation, ...(gate ? { gate } : {}) };
  await writeAtomic(join(directory, 'evaluation.json'), `${JSON.stringify(json, null, 2)}\n`);
  const charts = chartsOf(report);
  for (const [name, chart] of charts) {
    const svg = await toSvg(chart);
    await writeAtomic(join(directory, `${name}.svg`), svg);
    await writeAtomic(join(directory, `${name}.png`), await toPng(svg));
  }
  await writeAtomic(join(directory, 'report.md'), reportMarkdown(report, [...charts.keys()], INSIGHT));
}
