import type { Row } from '../row.ts';
import type { Body } from './bodies.ts';
import { percentile, runLoad } from './load.ts';
import { under } from './rows.ts';
import type { Target } from './servers.ts';

const PATHS = ['/status', '/metrics'] as const;
const ASKS_PER_SECOND = 50;
const TARGET_MS = 10;

/** How /status and /metrics answer while so many clients ask for predictions, beside the peer in the same case. */
export async function health(
  what: string,
  { ours, peer }: { readonly ours: Target; readonly peer: readonly number[] },
  bodies: readonly Body[],
  { clients, seconds }: { readonly clients: number; readonly seconds: number },
): Promise<Row[]> {
  const times = await healthUnderLoad(ours, bodies, { clients, seconds });
  return PATHS.map((path, place) =>
    under(
      `${what}: ${path} p99 beside ${clients} clients`,
      'ms',
      times[place] ?? Number.NaN,
      TARGET_MS,
      peer[place],
    ),
  );
}

/** p99 in milliseconds of each of PATHS; NaN where one was not answered, which misses every target. */
export async function healthUnderLoad(
  target: Target,
  bodies: readonly Body[],
  { clients, seconds }: { readonly clients: number; readonly seconds: number },
): Promise<number[]> {
  const asked = PATHS.map(
    (path) => ({ url: `${target.url}${path}`, method: 'GET', headers: {}, bodies: [] }) as const,
  );
  const [{ answers, milliseconds, failures }] = await Promise.all([
    runLoad({ asked, arrivals: { kind: 'open', perSecond: ASKS_PER_SECOND }, seconds }),
    // It begins no later and ends no sooner than the questions.
    runLoad({ asked: [target.predict(bodies)], arrivals: { kind: 'closed', clients }, seconds: seconds + 1 }),
  ]);
  const whole = Object.keys(answers).join() === '200';
  if (!whole) console.error(failures.join('\n'));
  return milliseconds.map((times) => (whole ? percentile(times, 0.99) : Number.NaN));
}
