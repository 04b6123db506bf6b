import { strict as assert } from 'node:assert';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { temporalCli } from '../../cli/setup/tools.mjs';
import { listBundles } from '../../models/bundle/list.ts';
import type { PruneResult } from '../../temporal/contracts.ts';
import type { DeployModelInput } from '../../temporal/inputs.ts';
import { productForm } from '../api/support.ts';
import { fixtureBundle } from '../models/serving/fixture-bundle.ts';
import { type Server, startEntry } from '../support/servers.ts';
import { skip } from '../support/skip.ts';
import { type Stack, startStack } from '../support/stack.ts';
import { until } from '../support/training.ts';

/** A real server, pipeline worker and API, in which one bundle may stay for its youth. */
describe('bundles that grow old', function () {
  this.timeout(120_000);
  let directory: string;
  let bundles: string;
  let stack: Stack;
  let api: Server;
  let token: string;

  before(async function () {
    if (!temporalCli()) skip(this, 'no temporal CLI: run npm run setup');
    directory = await mkdtemp(join(tmpdir(), 'etiquette-retention-'));
    bundles = join(directory, 'var', 'bundles');
    stack = await startStack(directory, ['pipeline'], { BUNDLES_KEPT: '1' });
    api = await startEntry('test/api/fixture-api.ts', stack.env, join(directory, 'api.log'));
    const login = new URLSearchParams({ username: 'tester', password: 'correct horse battery' });
    const answer = await fetch(`${stack.apiUrl}/token`, { method: 'POST', body: login });
    token = ((await answer.json()) as { access_token: string }).access_token;
  });
  after(async () => {
    await api?.stop();
    await stack?.close();
    if (directory) await rm(directory, { recursive: true, force: true });
  });

  const execute = <T>(type: string, input: object): Promise<T> =>
    stack.client.workflow.execute(type, {
      workflowId: `${type}-${randomUUID()}`,
      taskQueue: stack.queue,
      args: [input],
    });
  const deploy = (input: DeployModelInput) =>
    execute('deployModel', { by: 'Ada', reason: 'to see', ...input });
  const stored = async () => (await listBundles(bundles)).map(({ version }) => version).sort();
  const headers = () => ({ Authorization: `Bearer ${token}` });
  const get = async <T>(path: string): Promise<T> =>
    (await (await fetch(`${stack.apiUrl}${path}`, { headers: headers() })).json()) as T;

  it('go after a deployment, but for those that are needed; what is gone is still told of', async () => {
    const [first, atWork, ...strays] = await Promise.all(
      [1, 2, 3, 4].map((favourite) => fixtureBundle(bundles, { favourite })),
    );
    // As a training does that waits for a person: nobody takes it on here.
    await stack.client.workflow.start('trainAndDeploy', {
      workflowId: 'waits',
      taskQueue: 'nobody',
      searchAttributes: { EtiquetteBundle: [atWork ?? ''] },
    });
    await until(async () => {
      const query = `ExecutionStatus="Running" AND EtiquetteBundle="${atWork}"`;
      return (await stack.client.workflow.count(query)).count > 0;
    }, 'the run that waits to be listed');

    await deploy({ version: first ?? '' });
    const newest = [first, atWork, ...strays].sort().at(-1) ?? '';
    const needed = new Set([first ?? '', atWork ?? '', newest]);
    assert.deepEqual(await stored(), [...needed].sort());

    const second = await fixtureBundle(bundles, { favourite: 5 });
    await deploy({ version: second });
    const answer = await fetch(`${stack.apiUrl}/predict`, {
      ...{ method: 'POST', headers: headers(), body: await productForm() },
    });
    const { prediction_id: id } = (await answer.json()) as { prediction_id: string };
    await deploy({ rollback: true });

    const { kept } = await execute<PruneResult>('prune', {});
    assert.equal(kept[first ?? ''], 'it serves');
    assert.equal(kept[second], 'predictions of it are on record');
    assert.equal(kept[atWork ?? ''], 'a run works with it or waits');

    const lineage = await get<{ kind: string; bundles: { version: string; served: { after: string }[] }[] }>(
      `/lineage/${id}`,
    );
    assert.equal(lineage.kind, 'prediction');
    assert.equal(lineage.bundles[0]?.version, second);
    assert.equal(lineage.bundles[0]?.served[0]?.after, first);
    const gone = strays.find((version) => version !== newest) ?? '';
    const pruned = await get<{ bundles: { stored: boolean; made: { family: string } }[] }>(
      `/lineage/${gone}`,
    );
    assert.deepEqual([pruned.bundles[0]?.stored, pruned.bundles[0]?.made.family], [false, 'lstm-vgg16']);
    const history = await get<{ champion: string; deployments: { kind: string }[] }>('/deployments');
    assert.equal(history.champion, first);
    assert.deepEqual(
      history.deployments.map(({ kind }) => kind),
      ['deployment', 'deployment', 'rollback'],
    );
  });
});
