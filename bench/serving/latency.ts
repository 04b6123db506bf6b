import type { Body } from './bodies.ts';
import { type Load, type Outcome, percentile, runLoad } from './load.ts';
import type { Target } from './servers.ts';
import { treeUsage } from './tree.ts';

const ROUNDS = 3;
const WARM_UP: Load['arrivals'] = { kind: 'closed', clients: 8, requests: 32 };
const WARM_UP_SECONDS = 60;

/** A server that is compared with others, and how long it is asked in a round. */
export interface Side {
  readonly name: string;
  readonly target: Target;
  readonly seconds: number;
}

/** What a server did, and what it cost. */
export interface Figures {
  /** Milliseconds of those that were answered with 200. */
  readonly p50: number;
  readonly p99: number;
  /** Answered with 200, a second. */
  readonly perSecond: number;
  /** Processor time of an answer, in milliseconds, of all the server's processes. */
  readonly cpu: number;
  readonly sent: number;
  readonly outcomes: readonly Outcome[];
}

/** Brings everything to its working speed: compilers, caches, connections. */
export async function warmUp(target: Target, bodies: readonly Body[]): Promise<void> {
  await runLoad({ asked: [target.predict(bodies)], arrivals: WARM_UP, seconds: WARM_UP_SECONDS });
}

/**
 * Each side in turn, three times over, so that what else the machine does hits all of them: medians of the rounds,
 * but p99 over the answers of all.
 */
export async function compare(
  sides: readonly Side[],
  bodies: readonly Body[],
  clients: number,
  say: (line: string) => void,
): Promise<readonly Figures[]> {
  const rounds: Figures[][] = sides.map(() => []);
  for (let round = 1; round <= ROUNDS; round += 1) {
    for (const [place, { name, target, seconds }] of sides.entries()) {
      const one = await measure(target, bodies, { arrivals: { kind: 'closed', clients }, seconds });
      rounds[place]?.push(one);
      say(`  ${clients} clients, round ${round}, ${name}: ${one.perSecond.toFixed(1)} a second`);
    }
  }
  return rounds.map(together);
}

/** One load on a server, and what it cost. */
export async function measure(
  target: Target,
  bodies: readonly Body[],
  load: Omit<Load, 'asked'>,
): Promise<Figures> {
  const before = await treeUsage(target.pids);
  const outcome = await runLoad({ ...load, asked: [target.predict(bodies)] });
  const after = await treeUsage(target.pids);
  const [milliseconds = new Float64Array()] = outcome.milliseconds;
  return {
    p50: percentile(milliseconds, 0.5),
    p99: percentile(milliseconds, 0.99),
    perSecond: milliseconds.length / outcome.seconds,
    cpu: (1000 * (after.cpuSeconds - before.cpuSeconds)) / milliseconds.length,
    sent: outcome.sent,
    outcomes: [outcome],
  };
}

function together(rounds: readonly Figures[]): Figures {
  const outcomes = rounds.flatMap((round) => round.outcomes);
  const milliseconds = outcomes.flatMap((outcome) => Array.from(outcome.milliseconds[0] ?? []));
  const middle = (figure: (round: Figures) => number) => percentile(rounds.map(figure), 0.5);
  return {
    p50: middle(({ p50 }) => p50),
    p99: percentile(milliseconds, 0.99),
    perSecond: middle(({ perSecond }) => perSecond),
    cpu: middle(({ cpu }) => cpu),
    sent: rounds.reduce((sum, { sent }) => sum + sent, 0),
    outcomes,
  };
}
