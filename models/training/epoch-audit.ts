import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A line of `epochs.jsonl`: who began or finished which epoch. `end` is written after the checkpoint. */
export interface EpochEvent {
  readonly event: 'start' | 'end';
  readonly epoch: number;
  readonly pid: number;
  /** ISO 8601. */
  readonly at: string;
}

/**
 * An append-only record that outlives crashes: with it one can show that no finished epoch was ever done
 * again. It plays no part in training.
 */
export async function recordEpoch(
  directory: string,
  event: EpochEvent['event'],
  epoch: number,
): Promise<void> {
  const line: EpochEvent = { event, epoch, pid: process.pid, at: new Date().toISOString() };
  await appendFile(join(directory, 'epochs.jsonl'), `${JSON.stringify(line)}\n`);
}
