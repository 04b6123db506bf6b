import { setTimeout as wait } from 'node:timers/promises';
import { EtiquetteError } from '../../errors.ts';
import type { Row } from '../row.ts';
import type { Body } from './bodies.ts';
import { type Figures, measure, warmUp } from './latency.ts';
import type { Materials } from './materials.ts';
import { shown, under } from './rows.ts';
import { type Ours, startOurs } from './servers.ts';
import { descendantsWith, treeUsage } from './tree.ts';

const SHARE = 0.8;
const MEASURED = { arrivals: { kind: 'closed', clients: 8 }, seconds: 10 } as const;
/** Room for what arrives while a process that was killed is replaced. */
const MAX_QUEUE = '512';
const CHILD = 'models/runtime/child.ts';
/** In each minute: far enough from each other that a swap meets a kill's recovery only where that takes long. */
const SWAP_AT = 10;
const KILL_AT = 40;

/**
 * So many minutes at 80 % of what the server can do, with another bundle and an inference process killed in every
 * minute: no request may fail.
 */
export async function soak(
  materials: Materials,
  bodies: readonly Body[],
  minutes: number,
  say: (line: string) => void,
): Promise<Row[]> {
  const server = await startOurs(materials, materials.standard.bundle.version, { MAX_QUEUE });
  try {
    await warmUp(server, bodies);
    const most = await measure(server, bodies, MEASURED);
    const perSecond = SHARE * most.perSecond;
    say(`Soaking for ${minutes} min at ${perSecond.toFixed(1)} of ${most.perSecond.toFixed(1)} a second.`);
    const [soaked, troubles] = await Promise.all([
      measure(server, bodies, { arrivals: { kind: 'open', perSecond }, seconds: minutes * 60 }),
      trouble(server, materials, minutes, say),
    ]);
    for (const failure of soaked.outcomes.flatMap(({ failures }) => failures)) say(`  failed: ${failure}`);
    return rowsOf(soaked, { minutes, perSecond, ...troubles });
  } finally {
    await server.close();
  }
}

/** A swap and a kill a minute. */
async function trouble(
  server: Ours,
  { standard, other }: Materials,
  minutes: number,
  say: (line: string) => void,
): Promise<{ swaps: number; kills: number }> {
  const start = performance.now();
  const second = (at: number) => wait(Math.max(0, start + at * 1000 - performance.now()));
  let [swaps, kills] = [0, 0];
  for (let minute = 0; minute < minutes; minute += 1) {
    await second(minute * 60 + SWAP_AT);
    await swap(server, (minute % 2 === 0 ? other : standard.bundle).version);
    swaps += 1;
    await second(minute * 60 + KILL_AT);
    kills += await killOne(server);
    await second((minute + 1) * 60);
    const { residentBytes } = await treeUsage(server.pids);
    say(
      `  minute ${minute + 1}: ${swaps} swaps, ${kills} kills, ${Math.round(residentBytes / 2 ** 20)} MiB resident`,
    );
  }
  return { swaps, kills };
}

async function swap({ url, deployToken }: Ours, version: string): Promise<void> {
  const response = await fetch(`${url}/internal/deployments`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${deployToken}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ version }),
  });
  if (response.ok) return;
  throw new EtiquetteError(
    'BENCHMARK_RUN_FAILED',
    `A swap failed: ${response.status} ${await response.text()}`,
  );
}

/** @returns how many were killed */
async function killOne({ pids: [root] }: Ours): Promise<number> {
  const [victim] = root === undefined ? [] : await descendantsWith(root, CHILD);
  if (victim === undefined) return 0;
  process.kill(victim, 'SIGKILL');
  return 1;
}

function rowsOf(
  { outcomes, sent, p50, p99 }: Figures,
  { minutes, perSecond, swaps, kills }: { minutes: number; perSecond: number; swaps: number; kills: number },
): Row[] {
  const answered = outcomes[0]?.answers['200'] ?? 0;
  const what = `soak, ${minutes} min at ${perSecond.toFixed(1)} a second`;
  const each = (name: string, ours: number): Row => ({
    ...shown(`${what}: ${name}`, '', ours),
    ...{ target: `${minutes}`, ok: ours === minutes },
  });
  return [
    under(`${what}: failed of ${sent}`, '', sent - answered, 0),
    each('swaps of the bundle', swaps),
    each('inference processes killed', kills),
    shown(`${what}: p50`, 'ms', p50),
    shown(`${what}: p99`, 'ms', p99),
  ];
}
