import type { Row } from '../row.ts';
import type { Body } from './bodies.ts';
import { type Figures, measure, warmUp } from './latency.ts';
import { percentile } from './load.ts';
import type { Materials } from './materials.ts';
import { failed, under } from './rows.ts';
import { type Ours, startOurs } from './servers.ts';

const CLIENTS = 8;
const SECONDS = 3;
/** Of each side: one round tells some percent, the median of so many pairs about one. */
const PAIRS = 20;
const LEAST = 0.97;

/**
 * /predict with metrics and records of predictions, as it comes, beside the same server without either. In turns, the
 * first one of a pair second in the next: whatever the machine does meanwhile falls on both.
 */
export async function watchingCost(
  materials: Materials,
  bodies: readonly Body[],
  say: (line: string) => void,
): Promise<Row[]> {
  const { version, family } = materials.standard.bundle;
  const servers: Ours[] = [];
  try {
    servers.push(await startOurs(materials, version));
    servers.push(
      await startOurs(materials, version, { KEEP_PREDICTIONS: 'off' }, 'bench/serving/unmeasured.ts'),
    );
    for (const server of servers) await warmUp(server, bodies);
    const [watched, bare] = servers as [Ours, Ours];
    const load = { arrivals: { kind: 'closed', clients: CLIENTS }, seconds: SECONDS } as const;
    const pairs: { readonly watched: Figures; readonly bare: Figures }[] = [];
    for (let pair = 1; pair <= PAIRS; pair += 1) {
      const run = (target: Ours) => measure(target, bodies, load);
      const first = pair % 2 === 0 ? await run(watched) : null;
      const one = await run(bare);
      const both = { watched: first ?? (await run(watched)), bare: one };
      pairs.push(both);
      const [ours, peer] = [both.watched, both.bare].map(({ perSecond }) => perSecond.toFixed(1));
      say(`  pair ${pair} of ${PAIRS}: ${ours} a second, ${peer} without`);
    }
    const median = (figure: (pair: (typeof pairs)[number]) => number) => percentile(pairs.map(figure), 0.5);
    const row = (what: string, unit: string, of: (figures: Figures) => number) => ({
      what: `${family}, ${CLIENTS} clients: ${what}`,
      unit,
      ours: median((pair) => of(pair.watched)),
      peer: median((pair) => of(pair.bare)),
      ratio: median((pair) => of(pair.watched) / of(pair.bare)),
    });
    const throughput = row('throughput with metrics and records', '/s', ({ perSecond }) => perSecond);
    const failures = pairs.map((pair) => failed(pair.watched) + failed(pair.bare));
    return [
      // Written so that NaN meets no target.
      { ...throughput, target: `at least ${LEAST} times without`, ok: (throughput.ratio ?? 0) >= LEAST },
      { ...row('CPU of an answer', 'ms', ({ cpu }) => cpu), target: '-', ok: true },
      under(
        'failures',
        '',
        failures.reduce((sum, count) => sum + count, 0),
        0,
      ),
    ];
  } finally {
    await Promise.all(servers.map((server) => server.close()));
  }
}
