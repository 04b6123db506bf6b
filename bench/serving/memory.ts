import type { Row } from '../row.ts';
import type { Body } from './bodies.ts';
import { measure } from './latency.ts';
import type { Target } from './servers.ts';
import { treeUsage } from './tree.ts';

const FIRST = 500;
const LAST = 5_000;
const CLIENTS = 8;
const MOST_GROWTH = 0.05;
const PATIENCE_SECONDS = 20 * 60;
const MIB = 2 ** 20;

/** Resident memory of a fresh server after its 500th and its 5,000th prediction. */
export async function memoryGrowth(what: string, target: Target, bodies: readonly Body[]): Promise<Row> {
  const after = async (requests: number) => {
    const arrivals = { kind: 'closed', clients: CLIENTS, requests } as const;
    const { outcomes } = await measure(target, bodies, { arrivals, seconds: PATIENCE_SECONDS });
    const answered = outcomes[0]?.answers['200'];
    const { residentBytes } = await treeUsage(target.pids);
    return answered === requests ? residentBytes / MIB : Number.NaN;
  };
  const first = await after(FIRST);
  const last = await after(LAST - FIRST);
  return {
    what: `${what}: resident after ${LAST} predictions, beside ${FIRST}`,
    unit: 'MiB',
    ours: last,
    peer: first,
    ratio: last / first,
    target: `at most ${1 + MOST_GROWTH}`,
    ok: last / first <= 1 + MOST_GROWTH,
  };
}
