import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { temporalCli } from '../../cli/setup/tools.mjs';
import { generateSample } from '../../data/sample/generate.ts';
import { startEntry } from '../support/servers.ts';
import { skip } from '../support/skip.ts';
import { SMALL, until } from '../support/training.ts';
import { type Installation, install, SECRET } from './installation.ts';
import { alerts, boardQueries, documentedMetrics, program, run } from './programs.ts';

/** Nothing of these while all is well: they are born with the first failure. */
const ONLY_AFTER_FAILURES = [
  'temporal_request_failure_total',
  'temporal_workflow_task_execution_failed_total',
];

interface Result {
  readonly result: readonly { readonly value: readonly [number, string] }[];
}

/** Prometheus, Alertmanager and the node exporter beside a real API, real workers and a real Temporal server. */
describe('Prometheus, with everything running', function () {
  this.timeout(120_000);
  let directory: string;
  let all: Installation;
  let promtool: string;

  before(async function () {
    promtool = program(this, 'promtool');
    const programs = {
      prometheus: program(this, 'prometheus'),
      alertmanager: program(this, 'prometheus-alertmanager', 'alertmanager'),
      exporter: program(this, 'prometheus-node-exporter', 'node_exporter'),
    };
    if (!temporalCli()) skip(this, 'no temporal CLI: run npm run setup');
    directory = await mkdtemp(join(tmpdir(), 'etiquette-monitoring-'));
    // Of a training this only wants its epochs, which come before it needs an encoder.
    const catalogue = join(directory, 'catalogue');
    await generateSample({ directory: catalogue, productsPerCode: 8, testProducts: 8, pictureSize: 64 });
    all = await install(directory, programs);
    const { client, queue } = all.stack;
    const train = (from: string) =>
      client.workflow.start('trainAndDeploy', {
        workflowId: randomUUID(),
        taskQueue: queue,
        args: [{ ...SMALL, catalogue: from, deploy: false }],
      });
    await train(join(directory, 'no-such-catalogue'));
    await train(catalogue);
    await client.workflow.start('prune', { workflowId: randomUUID(), taskQueue: queue });
    await client.workflow.start('watchDrift', { workflowId: randomUUID(), taskQueue: queue });
  });
  after(async () => {
    await all?.close();
    await rm(directory, { recursive: true, force: true });
  });

  /** Asks for predictions until every query has a number, or for 90 s. @returns those that have none */
  async function withoutData(queries: ReturnType<typeof boardQueries>): Promise<string[]> {
    const end = Date.now() + 90_000;
    let missing = [...queries];
    while (missing.length > 0 && Date.now() < end) {
      await Promise.all([all.predict(), all.predict(), wait(250)]);
      const empty = await Promise.all(missing.map(async (query) => !(await hasNumber(query.expr))));
      missing = missing.filter((_query, place) => empty[place]);
    }
    return missing.map(({ where, expr }) => `${where}: ${expr}`);
  }

  async function hasNumber(expr: string): Promise<boolean> {
    // What Grafana puts in, for a panel of some minutes at a scrape a second.
    const query = expr.replaceAll('$__rate_interval', '4s').replaceAll('$__range', '2m');
    const { result } = await all.ask<Result>('query', { query });
    return result.some(({ value: [, number] }) => Number.isFinite(Number(number)));
  }

  it('has data for every panel of every board', async () => {
    const queries = boardQueries();
    ok(queries.length > 50);
    deepEqual(await withoutData(queries), []);
  });

  it('has every series that an alert reads, and evaluates every rule', async () => {
    const known = new Set(await all.ask<string[]>('label/__name__/values'));
    for (const { alert, expr } of alerts()) {
      const names = namesIn(expr);
      ok(names.length > 0, alert);
      for (const name of names) {
        ok(
          known.has(name) || ONLY_AFTER_FAILURES.includes(name),
          `${alert} reads ${name}, which is not there`,
        );
      }
    }
    const { groups } = await all.ask<{
      groups: { rules: { name: string; health: string; lastError?: string }[] }[];
    }>('rules');
    const unwell = groups.flatMap(({ rules }) => rules.filter(({ health }) => health !== 'ok'));
    deepEqual(unwell, []);
  });

  it('has every metric that docs/monitoring.md lists for the workers, and no other of ours', async () => {
    const [ofApi, ofWorkers] = documentedMetrics();
    const scraped = await all.ask<string[]>('label/__name__/values', {
      'match[]': '{job=~"pipeline-worker|training-worker", __name__=~"etiquette_.*"}',
    });
    deepEqual(scraped.sort(), [...ofWorkers.keys()].sort());
    const ours = await all.ask<string[]>('label/__name__/values', {
      'match[]': '{job="api", __name__=~"etiquette_.*"}',
    });
    for (const name of ours) ok(ofApi.has(name.replace(/_(bucket|sum|count)$/, '')), name);
  });

  it('tells the webhook of a run that failed, with the secret, in words that say what to do', async () => {
    const told = () =>
      all.notified.flatMap(({ alerts, authorization }) =>
        alerts.map((alert) => ({ ...alert, authorization })),
      );
    const failed = () => told().find(({ labels }) => labels.alertname === 'RunFailed');
    const { authorization, annotations, labels } = await until(failed, 'RunFailed at the webhook');
    equal(authorization, `Bearer ${SECRET}`);
    equal(labels.workflow_type, 'trainAndDeploy');
    match(`${annotations.description}`, /^Within the last hour a trainAndDeploy ended with a failure\./);
  });

  it('gets nothing from a second worker on the same port, which works all the same and says so', async () => {
    const log = join(directory, 'second.log');
    const env = { ...all.stack.env, TRAINING_TASK_QUEUE: 'another-queue' };
    const second = await startEntry('workers/training.ts', env, log);
    equal(second.process.exitCode, null);
    await second.stop();
    match(await readFile(log, 'utf8'), /this worker answers no Prometheus: something else uses its port/);
  });

  it("has nothing to say against the API's metrics but what Node's own are called", async () => {
    const text = await (await fetch(`${all.stack.apiUrl}/metrics`)).text();
    const { output } = run(promtool, ['check', 'metrics'], text);
    const complaints = output.split('\n').filter((line) => line !== '' && !line.startsWith('nodejs_'));
    deepEqual(complaints, []);
  });
});

/** The names of series in an expression: what stands before a brace, a bracket, an operator or the end. */
function namesIn(expr: string): string[] {
  const bare = expr
    .replaceAll(/"[^"]*"/g, '')
    .replaceAll(/\{[^}]*\}/g, ' ')
    .replaceAll(/\b(by|on|ignoring|without|group_left)\s*\([^)]*\)/g, ' ');
  return [...bare.matchAll(/\b[a-z_][a-z_0-9]*(?::[a-z_0-9]+)*\b(?!\s*\()/g)]
    .map(([name]) => name)
    .filter((name) => /_|:|^up$/.test(name) && !/^(group_left|absent)$/.test(name));
}
