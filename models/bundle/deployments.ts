import { readFile } from 'node:fs/promises';
import { writeAtomic } from '../../data/atomic.ts';

/** One line of the history: which bundle began to serve, when, why, and what it replaced. */
export interface Deployment {
  readonly version: string;
  readonly at: string;
  readonly by: string;
  readonly reason: string;
  readonly replaced: string | null;
  readonly kind: 'deployment' | 'rollback';
}

/** The append-only history, oldest first; empty when nothing was ever deployed. */
export async function readDeployments(file: string): Promise<Deployment[]> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** The version that serves, or null. */
export async function champion(file: string): Promise<string | null> {
  return (await readDeployments(file)).at(-1)?.version ?? null;
}

/**
 * Appends to the history; the whole file is written beside and renamed. Appending the version that already
 * serves changes nothing, so a retried deployment is recorded once. One writer at a time: the deployModel
 * workflow has one id.
 */
export async function recordDeployment(
  file: string,
  deployment: Omit<Deployment, 'replaced'>,
): Promise<Deployment> {
  const history = await readDeployments(file);
  const last = history.at(-1);
  if (last?.version === deployment.version) return last;
  const entry: Deployment = { ...deployment, replaced: last?.version ?? null };
  await writeAtomic(file, `${JSON.stringify([...history, entry], null, 2)}\n`);
  return entry;
}

/**
 * What a rollback goes back to: the bundle that served before the present one was deployed. Rollbacks undo
 * deployments one by one, so a second rollback goes one step further back and never forward again.
 */
export function previousVersion(history: readonly Deployment[]): string | null {
  return standing(history).at(-2) ?? null;
}

/** The bundles that rollbacks can reach one after the other, oldest first; the last one serves. */
export function standing(history: readonly Deployment[]): string[] {
  const versions: string[] = [];
  for (const { version, kind } of history) {
    if (kind === 'rollback') versions.pop();
    else versions.push(version);
  }
  return versions;
}

/** A stretch of time in which one bundle served. */
export interface Service {
  readonly version: string;
  readonly from: string;
  /** null: it serves still. */
  readonly to: string | null;
  readonly by: string;
  readonly reason: string;
  readonly kind: Deployment['kind'];
  /** The bundles that served before it and after it. */
  readonly before: string | null;
  readonly after: string | null;
}

/** The history as stretches of time without gaps, oldest first. */
export function services(history: readonly Deployment[]): Service[] {
  return history.map(({ version, at, by, reason, kind, replaced }, place) => {
    const next = history[place + 1];
    const ends = { to: next?.at ?? null, after: next?.version ?? null };
    return { version, from: at, ...ends, by, reason, kind, before: replaced };
  });
}

/** What served at a moment; null before the first deployment. A bundle serves from its very millisecond on. */
export function servedAt(history: readonly Deployment[], time: Date): Service | null {
  return services(history).findLast(({ from }) => Date.parse(from) <= time.getTime()) ?? null;
}
