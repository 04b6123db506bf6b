import { strict as assert } from 'node:assert';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer, type Server as HttpServer, type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { WorkflowHandle } from '@temporalio/client';
import { temporalCli } from '../../cli/setup/tools.mjs';
import { readDeployments } from '../../models/bundle/deployments.ts';
import { readBundle, verifyFiles } from '../../models/bundle/load.ts';
import type { TrainAndDeployResult } from '../../temporal/contracts.ts';
import { fixtureBundle } from '../models/serving/fixture-bundle.ts';
import { freePort, type Server, startEntry } from '../support/servers.ts';
import { skip } from '../support/skip.ts';
import { type Stack, startStack } from '../support/stack.ts';
import { giveEncoders, SMALL, trainingMaterials, until } from '../support/training.ts';

/** Kills the pipeline worker with SIGKILL where a bundle is made, and where it begins to serve. */
describe('a pipeline worker that is killed', function () {
  this.timeout(180_000);
  before(function () {
    if (!temporalCli()) skip(this, 'no temporal CLI: run npm run setup');
  });

  describe('while a bundle is versioned', () => {
    let directory: string;
    let bundles: string;
    let stack: Stack;
    let undisturbed: string;

    before(async () => {
      directory = await mkdtemp(join(tmpdir(), 'etiquette-kill-version-'));
      bundles = join(directory, 'var', 'bundles');
      await giveEncoders(join(directory, 'var'));
      stack = await startStack(directory, ['pipeline', 'training']);
      undisturbed = (await (await train()).result()).bundle ?? assert.fail('no bundle');
    });
    // Every other stage is there already: the next run comes to this one at once.
    beforeEach(() => rm(join(bundles, undisturbed), { recursive: true }));
    after(async () => {
      await stack?.close();
      await rm(directory, { recursive: true, force: true });
    });

    async function train(): Promise<WorkflowHandle<() => Promise<TrainAndDeployResult>>> {
      const { catalogue } = await trainingMaterials();
      return stack.client.workflow.start('trainAndDeploy', {
        workflowId: `train-${randomUUID()}`,
        taskQueue: stack.queue,
        args: [{ ...SMALL, catalogue, deploy: false }],
      });
    }

    for (const [when, isThere] of [
      ['while it is written', (name: string) => name.startsWith('.staging-')],
      ['when it has its name', (name: string) => name === undisturbed],
    ] as const) {
      it(`${when}, leaves one whole bundle of the same content`, async () => {
        const run = await train();
        await until(async () => (await readdir(bundles)).some(isThere), when);
        await stack.servers.get('pipeline')?.stop('SIGKILL');
        await stack.start('pipeline');
        assert.equal((await run.result()).bundle, undisturbed);
        const names = (await readdir(bundles)).filter((name) => !name.startsWith('.'));
        assert.deepEqual(names, [undisturbed]);
        const folder = join(bundles, undisturbed);
        await verifyFiles(folder, await readBundle(folder));
      });
    }
  });

  describe('while a bundle is deployed', () => {
    let directory: string;
    let stack: Stack;
    let api: Server;
    let apiPort: number;
    let between: HttpServer;
    /** Called before a request goes on to the API, and before its answer goes back. */
    let atDoor: (step: string, way: 'in' | 'out') => Promise<void>;
    let serving: string;
    let next = 1;

    before(async () => {
      directory = await mkdtemp(join(tmpdir(), 'etiquette-kill-deploy-'));
      apiPort = await freePort();
      const doorPort = await freePort();
      stack = await startStack(directory, ['pipeline'], { API_REPLICAS: `http://127.0.0.1:${doorPort}` });
      const env = { ...stack.env, API_PORT: `${apiPort}` };
      api = await startEntry('test/api/fixture-api.ts', env, join(directory, 'api.log'));
      between = createServer(async (incoming, outgoing) => {
        const body = await read(incoming);
        const { step } = JSON.parse(body) as { step: string };
        await atDoor(step, 'in');
        const { url, method, headers } = incoming;
        const onward = request({ port: apiPort, path: url, method, headers });
        onward.end(body);
        const [answer] = (await once(onward, 'response')) as [IncomingMessage];
        const text = await read(answer);
        await atDoor(step, 'out');
        outgoing.writeHead(answer.statusCode ?? 500, answer.headers).end(text);
      }).listen(doorPort, '127.0.0.1');
      atDoor = async () => {};
      serving = await newBundle();
      await (await deploy(serving)).result();
    });
    after(async () => {
      between?.close();
      await api?.stop();
      await stack?.close();
      await rm(directory, { recursive: true, force: true });
    });

    const read = async (stream: AsyncIterable<Buffer>) => {
      let text = '';
      for await (const chunk of stream) text += chunk;
      return text;
    };
    const newBundle = () => fixtureBundle(join(directory, 'var', 'bundles'), { favourite: next++ });
    const deploy = (version: string) =>
      stack.client.workflow.start('deployModel', {
        workflowId: `deploy-${randomUUID()}`,
        taskQueue: stack.queue,
        args: [{ version, by: 'a test' }],
      });

    for (const [step, way, when] of [
      ['prepare', 'in', 'before the API hears of it'],
      ['prepare', 'out', 'when the API has loaded it'],
      ['activate', 'in', 'before the API switches'],
      ['activate', 'out', 'when the API has switched and nothing is written down'],
    ] as const) {
      it(`${when}, ends with one champion: the same in history and API`, async () => {
        const version = await newBundle();
        let [killing, killed] = [false, false];
        atDoor = async (at, going) => {
          if (killing || at !== step || going !== way) return;
          killing = true;
          await stack.servers.get('pipeline')?.stop('SIGKILL');
          killed = true;
        };
        const run = await deploy(version);
        await until(() => killed, when);
        const history = await readDeployments(join(directory, 'var', 'deployments.json'));
        assert.equal(history.at(-1)?.version, serving, 'the history has it before it is done');
        await stack.start('pipeline');
        await run.result();
        const after = await readDeployments(join(directory, 'var', 'deployments.json'));
        assert.deepEqual(
          after.slice(history.length).map((one) => [one.version, one.replaced]),
          [[version, serving]],
        );
        const status = await fetch(`http://127.0.0.1:${apiPort}/status`);
        assert.equal(((await status.json()) as { bundle: { version: string } }).bundle.version, version);
        serving = version;
      });
    }
  });
});
