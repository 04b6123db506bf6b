import { Counter, Gauge, type Registry } from 'prom-client';
import type { ApiDependencies } from './environment.ts';

const KINDS = ['deployment', 'rollback'] as const;

/** A scrape that follows sooner is told what the last one was. */
const FRESH_MS = 5_000;

/**
 * What the deployment history says: it knows of deployments from before this process, and every API process says the
 * same. One that can not be read costs only these metrics.
 */
export function watchDeployments(
  registry: Registry,
  { deployments, now }: Pick<ApiDependencies, 'deployments' | 'now'>,
): void {
  let known: ReturnType<typeof deployments> = Promise.resolve([]);
  let readAt = Number.NEGATIVE_INFINITY;
  const history = () => {
    if (performance.now() - readAt > FRESH_MS) {
      readAt = performance.now();
      known = deployments().catch(() => []);
    }
    return known;
  };
  new Gauge({
    name: 'etiquette_champion_age_seconds',
    help: 'Time since the champion was deployed.',
    labelNames: ['bundle'],
    registers: [registry],
    async collect() {
      const last = (await history()).at(-1);
      this.reset();
      if (last) this.set({ bundle: last.version }, (now().getTime() - Date.parse(last.at)) / 1000);
    },
  });
  new Counter({
    name: 'etiquette_deployments_total',
    help: 'Deployments and rollbacks since the first one.',
    labelNames: ['kind'],
    registers: [registry],
    async collect() {
      const all = await history();
      this.reset();
      // A counter that is born with its first event never shows an increase.
      for (const kind of KINDS) this.inc({ kind }, 0);
      for (const { kind } of all) this.inc({ kind });
    },
  });
}
