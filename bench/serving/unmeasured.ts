import { createRequire } from 'node:module';

/**
 * The API as production starts it, but nothing is counted: what metrics cost is the difference. They are taken out of
 * prom-client before the API imports it, so that the rest is the same code.
 */
const client = createRequire(import.meta.url)('prom-client') as typeof import('prom-client');
const nothing = () => {};
for (const { prototype } of [client.Counter, client.Gauge, client.Histogram, client.Summary]) {
  Object.assign(prototype, { inc: nothing, observe: nothing });
}
Object.assign(client, { collectDefaultMetrics: nothing });

await import('../../api/main.ts');
