import type { Row } from '../row.ts';
import type { Body } from './bodies.ts';
import { measure, warmUp } from './latency.ts';
import type { Materials } from './materials.ts';
import { failed, refused, shown, under } from './rows.ts';
import { IN_WORK, startOurs } from './servers.ts';

const SHORT_QUEUE = 8;
const LOAD = { arrivals: { kind: 'closed', clients: 32 }, seconds: 10 } as const;

/** More clients than the queue has room for: who waits is answered soon, the others are told to come again. */
export async function overload(materials: Materials, bodies: readonly Body[]): Promise<Row[]> {
  const { version, family } = materials.standard.bundle;
  const server = await startOurs(materials, version, { MAX_QUEUE: String(SHORT_QUEUE) });
  try {
    await warmUp(server, bodies);
    const figures = await measure(server, bodies, LOAD);
    const what = `${family}, a queue of ${SHORT_QUEUE} and 32 clients`;
    return [
      under(`${what}: p99`, 'ms', figures.p99, longestWait(SHORT_QUEUE, figures.perSecond)),
      shown(`${what}: told to come again (503), of ${figures.sent}`, '', refused(figures)),
      under(`${what}: other failures`, '', failed(figures), 0),
    ];
  } finally {
    await server.close();
  }
}

/** After so many milliseconds whoever waits is told to come again. */
const DEADLINE_MS = 10_000;

/** The throughput is a mean, and p99 meets its worst seconds. */
const UNEVEN = 1.5;

/** Milliseconds after which the last of a full queue is answered. */
export function longestWait(queue: number, perSecond: number): number {
  return Math.min((UNEVEN * 1000 * (queue + IN_WORK)) / perSecond, DEADLINE_MS);
}
