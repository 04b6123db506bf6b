import { strict as assert } from 'node:assert';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { WorkflowHandle } from '@temporalio/client';
import { readDeployments } from '../../models/bundle/deployments.ts';
import { createMlflow, type Mlflow } from '../../models/tracking/client.ts';
import {
  APPROVE_UPDATE,
  PROGRESS_QUERY,
  type RunProgress,
  type TrainAndDeployResult,
} from '../../temporal/contracts.ts';
import type { TrainAndDeployInput } from '../../temporal/inputs.ts';
import { realMlflow } from '../support/mlflow.ts';
import { skip } from '../support/skip.ts';
import { type Stack, startStack } from '../support/stack.ts';
import { giveEncoders, SMALL, trainingMaterials, until } from '../support/training.ts';

const EXPERIMENT = `Succession-${Date.now()}`;
/** What any sound model passes. */
const ANY = { lead: -1, codeFall: 1, eceRise: 1 };

/** Champions and challengers on a real stack: at every step history, API and MLflow's aliases say the same. */
describe('the succession of champions', function () {
  this.timeout(240_000);
  let folder: string;
  let mlflow: Mlflow;
  let stack: Stack;
  let varDirectory: string;
  const bundles: Record<string, string> = {};

  before(async function () {
    const server = await realMlflow();
    if (!server) skip(this, 'no MLflow: run "npm run setup"');
    folder = await mkdtemp(join(tmpdir(), 'etiquette-succession-'));
    const uri = `http://127.0.0.1:${server.port}`;
    mlflow = createMlflow({ uri });
    const env = { MLFLOW: 'on', MLFLOW_TRACKING_URI: uri, MLFLOW_EXPERIMENT_NAME: EXPERIMENT };
    varDirectory = join(folder, 'var');
    await giveEncoders(varDirectory);
    stack = await startStack(folder, ['pipeline', 'training', 'api'], env);
  });
  after(async () => {
    await stack?.close();
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  async function start(input: TrainAndDeployInput): Promise<WorkflowHandle> {
    const { catalogue } = await trainingMaterials();
    return stack.client.workflow.start('trainAndDeploy', {
      workflowId: `train-${randomUUID()}`,
      taskQueue: stack.queue,
      args: [{ ...SMALL, ...input, text: { ...SMALL.text, ...input.text }, catalogue }],
    });
  }
  const train = async (input: TrainAndDeployInput): Promise<TrainAndDeployResult> =>
    (await start(input)).result();

  async function aliased(alias: string): Promise<string | null> {
    const found = await mlflow
      .read<{ model_version: { tags: { key: string; value: string }[] } }>('registered-models/alias', {
        name: EXPERIMENT,
        alias,
      })
      .catch(() => null);
    return found?.model_version.tags.find(({ key }) => key === 'etiquette.bundle')?.value ?? null;
  }

  /** The history's last entry, what the API serves, and MLflow's alias. */
  async function champions(): Promise<(string | null)[]> {
    const history = (await readDeployments(join(varDirectory, 'deployments.json'))).at(-1)?.version ?? null;
    const status = (await (await fetch(`${stack.apiUrl}/status`)).json()) as { bundle: { version: string } };
    // The alias follows within a moment of the deployment.
    await until(async () => (await aliased('champion')) === history, 'the alias champion');
    return [history, status.bundle.version, await aliased('champion')];
  }
  const isChampion = async (name: string) =>
    assert.deepEqual(await champions(), [bundles[name], bundles[name], bundles[name]], name);

  it('begins with the first that is better than guessing', async () => {
    const result = await train({ text: { epochs: 1 } });
    assert.equal(result.outcome, 'deployed', result.reason);
    bundles.first = result.bundle ?? '';
    await isChampion('first');
  });

  it('turns a worse challenger down, with the reasons in words', async () => {
    const result = await train({
      text: { epochs: 1, learningRate: 1e-5 },
      image: { ...SMALL.image, epochs: 1 },
    });
    assert.equal(result.outcome, 'rejected');
    assert.match(
      result.reason,
      /than the champion.*: weighted F1 0\.\d{4} against 0\.\d{4} on the same \d+ test rows/,
    );
    assert.equal(result.checks.find(({ name }) => name === 'lead')?.passed, false);
    await isChampion('first');
  });

  it('gives way to a better one', async () => {
    const result = await train({ text: { epochs: 12, patience: 12 } });
    assert.equal(result.outcome, 'deployed', result.reason);
    assert.match(result.reason, /^Better than the champion/);
    bundles.better = result.bundle ?? '';
    await isChampion('better');
  });

  it('gives way to one that a person approved, and not before', async () => {
    const run = await start({ text: { epochs: 5 }, deploy: 'approval', gate: ANY });
    const { run: waiting } = await until(
      async () => (await run.query<RunProgress>(PROGRESS_QUERY)).waiting ?? undefined,
      'a run that waits',
    );
    bundles.approved = waiting.bundle ?? '';
    await isChampion('better');
    await until(async () => (await aliased('challenger')) === bundles.approved, 'the alias challenger');
    await run.executeUpdate(APPROVE_UPDATE, { args: [{ by: 'Ada', reason: 'for a while' }] });
    const result: TrainAndDeployResult = await run.result();
    assert.deepEqual([result.outcome, result.reason], ['deployed', 'Approved by Ada: for a while']);
    await isChampion('approved');
  });

  it('stays when nobody approves the next one in time', async () => {
    const result = await train({ text: { epochs: 3 }, deploy: 'approval', approvalHours: 0.0005, gate: ANY });
    assert.equal(result.outcome, 'rejected');
    assert.match(result.reason, /^Nobody approved it within 0\.0005 hours/);
    await isChampion('approved');
  });

  it('goes back one step by a rollback', async () => {
    await stack.client.workflow.execute('deployModel', {
      workflowId: `deploy-${randomUUID()}`,
      taskQueue: stack.queue,
      args: [{ rollback: true, by: 'Ada', reason: 'weak on books' }],
    });
    await isChampion('better');
  });

  it('is told whole by the history: who, why, in place of whom', async () => {
    const history = await readDeployments(join(varDirectory, 'deployments.json'));
    assert.deepEqual(
      history.map(({ version, replaced, by, kind }) => [version, replaced, by, kind]),
      [
        [bundles.first, null, 'trainAndDeploy', 'deployment'],
        [bundles.better, bundles.first, 'trainAndDeploy', 'deployment'],
        [bundles.approved, bundles.better, 'Ada', 'deployment'],
        [bundles.better, bundles.approved, 'Ada', 'rollback'],
      ],
    );
    assert.deepEqual(
      history.slice(2).map(({ reason }) => reason),
      ['Approved by Ada: for a while', 'weak on books'],
    );
  });
});
