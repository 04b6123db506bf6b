import type { Row } from '../row.ts';
import type { Body } from './bodies.ts';
import { compare, type Figures } from './latency.ts';
import { longestWait } from './overload.ts';
import { beside, failed, refused, shown, under } from './rows.ts';
import { MAX_QUEUE, type Target } from './servers.ts';

/** Seconds of a round: ours answers many times while the peer answers once. */
const OURS_SECONDS = 4;
const PEER_SECONDS = 8;

/** A family of ours, and how much faster than the peer it has to be. */
export interface Family {
  readonly name: string;
  readonly target: Target;
  readonly faster: { readonly p50: number; readonly perSecond: number };
}

/** /predict of every family beside the peer: at 1, 8 and 32 clients. */
export async function speed(
  families: readonly Family[],
  peer: Target,
  bodies: readonly Body[],
  say: (line: string) => void,
): Promise<Row[]> {
  const sides = [
    { name: 'the peer', target: peer, seconds: PEER_SECONDS },
    ...families.map(({ name, target }) => ({ name, target, seconds: OURS_SECONDS })),
  ];
  const rows: Row[] = [];
  for (const clients of [1, 8, 32]) {
    const [theirs, ...ours] = await compare(sides, bodies, clients, say);
    families.forEach((family, place) => {
      const figures = ours[place];
      if (theirs && figures) rows.push(...rowsOf(family, clients, figures, theirs));
    });
  }
  return rows;
}

function rowsOf({ name, faster }: Family, clients: number, ours: Figures, peer: Figures): Row[] {
  const what = `${name}, ${clients} client${clients === 1 ? '' : 's'}`;
  const cpu = beside(`${what}: CPU of an answer`, 'ms', [ours.cpu, peer.cpu]);
  if (clients === 1) {
    return [beside(`${what}: p50`, 'ms', [ours.p50, peer.p50], { most: faster.p50 }), cpu];
  }
  const throughput = beside(`${what}: throughput`, '/s', [ours.perSecond, peer.perSecond], {
    least: faster.perSecond,
  });
  if (clients < 32) return [throughput, cpu];
  return [
    throughput,
    cpu,
    under(`${what}: p99`, 'ms', ours.p99, longestWait(MAX_QUEUE, ours.perSecond), peer.p99),
    shown(`${what}: told to come again (503), of ${ours.sent}`, '', refused(ours)),
    under(`${what}: other failures`, '', failed(ours), 0, failed(peer)),
  ];
}
