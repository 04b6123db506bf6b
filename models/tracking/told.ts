import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openOutbox, type Sent, type TrackedRun } from './outbox.ts';
import { type Wanted, wantedOf } from './wanted.ts';

/** What a training run has said of itself, and where that is in MLflow; null while not all of it was sent. */
export interface ToldRun {
  readonly run: TrackedRun;
  readonly said: Pick<Wanted, 'tags' | 'params' | 'bundle'>;
  readonly sent: Sent | null;
}

/**
 * The training runs in whose outbox a text occurs, such as a bundle's version or a run's id; oldest first. Only these
 * are taken apart: there may be thousands.
 */
export async function runsThatMention(root: string, text: string): Promise<ToldRun[]> {
  const found: ToldRun[] = [];
  for (const name of await readdir(root).catch(() => [])) {
    const read = (file: string) => readFile(join(root, name, file), 'utf8').catch(() => '');
    const [about, records, sent] = await Promise.all(['run.json', 'records.ndjson', 'sent.json'].map(read));
    if (!about || ![about, records, sent].some((part) => part?.includes(text))) continue;
    const run: TrackedRun = JSON.parse(about);
    const outbox = await openOutbox(root, run);
    const { tags, params, bundle } = wantedOf(await outbox.read());
    found.push({ run, said: { tags, params, bundle }, sent: sent ? JSON.parse(sent) : null });
  }
  return found.sort((a, b) => a.run.startedAt - b.run.startedAt);
}
