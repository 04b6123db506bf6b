import { parseArgs } from 'node:util';
import { WorkflowFailedError } from '@temporalio/client';
import { readConfig } from '../config.ts';
import type { Level } from '../models/drift/statistic.ts';
import { connectClient } from '../temporal/connection.ts';
import { WATCH_WORKFLOW_ID, type WatchDriftResult, WORKFLOWS } from '../temporal/contracts.ts';
import { reasonOf } from '../temporal/reason.ts';

const USAGE = `Usage: npm run drift [-- --json]

Looks now whether the stream of products is still what the champion was trained on, as the schedule watch-drift does every
hour: it starts a training when the change is worth one (docs/drift.md).

  --json   print one JSON line: {at, bundle, since, level, before, reason, report, directory, retraining}

Exit code: 0 no change, a warning, or nothing to judge yet; 3 changed (alert, retrain); 1 failed.
`;

const CHANGED = 3;

const SIGNS: Readonly<Record<Level, string>> = { ok: ' ', warn: '?', alert: '!', retrain: '!!' };

export async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: { json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const config = readConfig();
  const client = await connectClient(config);
  try {
    const result: WatchDriftResult = await client.workflow.execute(WORKFLOWS.watchDrift, {
      workflowId: WATCH_WORKFLOW_ID,
      taskQueue: config.PIPELINE_TASK_QUEUE,
      // Whoever asks while a check goes on gets that one.
      workflowIdConflictPolicy: 'USE_EXISTING',
      staticSummary: 'Compares the latest predictions with the champion’s training data',
    });
    process.stdout.write(values.json ? `${JSON.stringify(result)}\n` : inWords(result));
    return result.level === 'alert' || result.level === 'retrain' ? CHANGED : 0;
  } catch (error) {
    if (!(error instanceof WorkflowFailedError)) throw error;
    process.stderr.write(`${reasonOf(error)}\n`);
    return 1;
  } finally {
    await client.connection.close();
  }
}

function inWords({ bundle, since, level, reason, report, directory, retraining }: WatchDriftResult): string {
  const lines = [`${level ?? 'not judged'}: ${reason}`];
  if (report) {
    const { estimatedAccuracy, heldOutAccuracy, measuredAccuracy, advice } = report;
    const accuracies = [
      ...(estimatedAccuracy ? [`${figure(estimatedAccuracy.value)} estimated`] : []),
      ...(measuredAccuracy ? [`${figure(measuredAccuracy.value)} of ${measuredAccuracy.n} checked`] : []),
      ...(heldOutAccuracy === null ? [] : [`${figure(heldOutAccuracy)} on held-out rows`]),
    ];
    lines.push(
      '',
      `Bundle ${bundle}, since ${since}. Right answers: ${accuracies.join(', ') || 'not known'}.`,
      '',
    );
    for (const { feature, level: own, value, threshold, size } of report.statistics) {
      const figures = [value, threshold.warn, threshold.alert, size].map((number) =>
        figure(number).padStart(9),
      );
      lines.push(`${SIGNS[own].padEnd(3)}${feature.padEnd(16)}${figures.join('')}`);
    }
    lines.push(`${' '.repeat(19)}    value    warns   alerts     size`, '');
    for (const { en } of advice) lines.push(`- ${en}`);
    lines.push('', `Report and pictures: ${directory}`);
  }
  if (retraining) lines.push(retraining.reason);
  return `${lines.join('\n')}\n`;
}

const figure = (value: number) => value.toFixed(3);
