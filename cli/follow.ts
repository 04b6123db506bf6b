import type { RunProgress } from '../temporal/contracts.ts';

const POLL_MS = 500;
const BAR = 24;

/**
 * Shows a run's progress on stderr while `ended` is pending: a bar that is redrawn on a terminal, a line for
 * each step of progress elsewhere. A server that does not answer for a moment does not end the show.
 */
export async function followRun<T>(ended: Promise<T>, ask: () => Promise<RunProgress>): Promise<T> {
  const terminal = process.stderr.isTTY;
  let going = true;
  let shown = '';
  const show = async () => {
    const progress = await ask().catch(() => null);
    if (!progress || !going) return;
    const line = render(progress);
    const key = terminal ? line : `${progress.stage}${Math.floor(progress.fraction * 10)}`;
    if (key === shown) return;
    shown = key;
    process.stderr.write(
      terminal ? `\r\x1b[K${line.slice(0, (process.stderr.columns ?? 100) - 1)}` : `${line}\n`,
    );
  };
  const watching = (async () => {
    while (going) {
      await show();
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  })();
  try {
    return await ended;
  } finally {
    going = false;
    await watching;
    if (terminal) process.stderr.write('\r\x1b[K');
  }
}

function render({ stage, fraction, message, secondsLeft }: RunProgress): string {
  const full = Math.round(fraction * BAR);
  const left = secondsLeft === null ? '' : `, about ${duration(secondsLeft)} left`;
  const percent = `${Math.round(fraction * 100)}`.padStart(3);
  return `${'█'.repeat(full)}${'░'.repeat(BAR - full)} ${percent} %  ${stage}: ${message}${left}`;
}

function duration(seconds: number): string {
  return seconds < 90 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
}
