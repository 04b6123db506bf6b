import type { MlflowLink, RunProgress } from '../temporal/contracts.ts';

/** A run as Markdown, for the Web UI's current details. Pure. */
export function describe(progress: RunProgress): string {
  const percent = Math.round(progress.fraction * 100);
  const bar = '█'.repeat(Math.round(percent / 5)).padEnd(20, '░');
  const left = progress.secondsLeft === null ? '' : ` · about ${duration(progress.secondsLeft)} left`;
  const done = progress.stages.map(
    ({ name, seconds, reused }) => `- ${name}: ${reused ? 'reused' : duration(Math.round(seconds))}`,
  );
  if (progress.mlflow) done.push('', mlflowLine(progress.mlflow));
  const { waiting } = progress;
  if (waiting) {
    return [
      `**Waiting for a person** until ${waiting.until}: may the bundle \`${waiting.run.bundle}\` serve?`,
      '',
      waiting.run.reason,
      '',
      'Send the update `approve` or `reject` with `{"by": "your name", "reason": "why"}`, or call `npm run approve` or `npm run reject`.',
      '',
      ...done,
    ].join('\n');
  }
  return [
    `**${progress.stage}** — ${progress.message}`,
    '',
    `\`${bar}\` ${percent} %${left}`,
    '',
    ...done,
  ].join('\n');
}

function mlflowLine({ run, url, problem }: MlflowLink): string {
  return run === null
    ? `⚠ MLflow: ${problem} What it misses is kept and sent later.`
    : `MLflow: [run ${run}](${url})`;
}

function duration(seconds: number): string {
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
