import { appendFile, mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeAtomic } from '../../data/atomic.ts';

/** The training run that an outbox speaks for. */
export interface TrackedRun {
  readonly workflowId: string;
  readonly runId: string;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
}

export type Status = 'FINISHED' | 'FAILED' | 'KILLED';

/** What a run has to say to MLflow. Saying something twice changes nothing, so a retried stage may do so. */
export type RunRecord =
  | { readonly say: 'tags'; readonly tags: Readonly<{ [name: string]: string }> }
  /** The first value of a name stays, as in MLflow. */
  | { readonly say: 'params'; readonly params: Readonly<{ [name: string]: unknown }> }
  /** The first value of a name and step stays. */
  | { readonly say: 'metrics'; readonly step: number; readonly metrics: Readonly<{ [name: string]: number }> }
  | { readonly say: 'dataset'; readonly name: string; readonly digest: string; readonly source: string }
  /** Files in the folder `from`, to be kept in the run's artifact folder `to` ('' is its root). */
  | {
      readonly say: 'artifacts';
      readonly from: string;
      readonly to: string;
      readonly files: readonly string[];
    }
  /** This run's bundle, whose files are the artifact folder `bundle`; it becomes a model version. */
  | { readonly say: 'bundle'; readonly version: string; readonly tags: Readonly<{ [name: string]: string }> }
  | { readonly say: 'end'; readonly status: Status; readonly endedAt: number };

export type Recorded = RunRecord & { readonly at: number };

/** Where a run ended up in MLflow. */
export interface Sent {
  readonly server: string;
  readonly experiment: string;
  readonly run: string;
  readonly url: string;
  readonly modelVersion: string | null;
  /** Files that were gone when it was their turn. */
  readonly missing: readonly string[];
  readonly at: string;
}

/**
 * What one run has to say, on disk until MLflow has it: `run.json`, the append-only `records.ndjson`, and in the
 * end `sent.json`. Any process may append.
 */
export interface Outbox {
  readonly directory: string;
  readonly run: TrackedRun;
  append(record: RunRecord): Promise<void>;
  read(): Promise<Recorded[]>;
  markSent(sent: Sent): Promise<void>;
}

/** Finds or makes a run's outbox. */
export async function openOutbox(root: string, run: TrackedRun): Promise<Outbox> {
  const directory = join(root, `${run.workflowId}-${run.runId}`.replaceAll(/[^\w.-]/g, '_'));
  const known = await readJson<TrackedRun>(join(directory, 'run.json'));
  if (!known) await writeAtomic(join(directory, 'run.json'), `${JSON.stringify(run)}\n`);
  return outboxIn(directory, known ?? run);
}

/** The outboxes that still have something to send, oldest run first. */
export async function unsentOutboxes(root: string): Promise<Outbox[]> {
  const found: Outbox[] = [];
  for (const name of await readdir(root).catch(() => [])) {
    const directory = join(root, name);
    const run = await readJson<TrackedRun>(join(directory, 'run.json'));
    if (run && !(await readJson(join(directory, 'sent.json')))) found.push(outboxIn(directory, run));
  }
  return found.sort((a, b) => a.run.startedAt - b.run.startedAt);
}

function outboxIn(directory: string, run: TrackedRun): Outbox {
  const file = join(directory, 'records.ndjson');
  return {
    directory,
    run,
    async append(record) {
      await mkdir(directory, { recursive: true });
      const line: Recorded = { ...record, at: Date.now() };
      // The line break comes first: what a killed process left half-written spoils no other record.
      await appendFile(file, `\n${JSON.stringify(line)}`, { flush: true });
    },
    async read() {
      const text = await readFile(file, 'utf8').catch(() => '');
      return text.split('\n').flatMap((line) => parse(line) ?? []);
    },
    markSent: (sent) => writeAtomic(join(directory, 'sent.json'), `${JSON.stringify(sent, null, 2)}\n`),
  };
}

function parse(line: string): Recorded | null {
  try {
    return line === '' ? null : JSON.parse(line);
  } catch {
    return null;
  }
}

async function readJson<T>(file: string): Promise<T | null> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw error;
  }
}
