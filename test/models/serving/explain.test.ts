import { strict as assert } from 'node:assert';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import type { ExplainInput, MlProcess, PredictProduct } from '../../../models/runtime/jobs.ts';
import {
  createInference,
  type InferenceOptions,
  type InferenceService,
} from '../../../models/serving/inference.ts';
import { fixtureBundle, fixtureMl } from './fixture-bundle.ts';

const POOL = 23;
const TOYS = 7;
/** More slices than any test waits for. */
const ENDLESS = 1e9;

describe('explanations in the inference service', () => {
  let directory: string;
  let bundles: string;
  let children: MlProcess[];
  let restarts: number;
  let inference: InferenceService;
  const opened: Array<{ close(): Promise<void> }> = [];

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'etiquette-explaining-'));
    bundles = join(directory, 'bundles');
    children = [];
    restarts = 0;
    inference = await serving();
  });

  after(async () => {
    await writeFile(gate(), '');
    await Promise.all(opened.splice(0).map((service) => service.close()));
    assert.ok(children.every(({ pid }) => pid === undefined));
    await rm(directory, { recursive: true });
  });

  const gate = () => join(directory, 'gate');
  beforeEach(() => rm(gate(), { force: true }));

  async function serving(options: Partial<InferenceOptions> = {}) {
    const service = createInference({
      bundles,
      encoders: directory,
      createMl: () => {
        const child = fixtureMl();
        children.push(child);
        return child;
      },
      maxQueue: 8,
      log: pino({ level: 'silent' }),
      onRestart: () => {
        restarts += 1;
      },
      ...options,
    });
    opened.push(service);
    await service.deploy(await fixtureBundle(bundles, { favourite: POOL }));
    return service;
  }

  const product = (designation: string, description = ''): PredictProduct => ({
    designation,
    description,
    picture: null,
  });
  const ask = (designation = 'Piscine', slices = 1, code: number | null = null): ExplainInput => ({
    product: product(designation, String(slices)),
    code,
    heatMap: false,
  });

  it('are answered after as many slices as they need, with the bundle that gave them', async () => {
    const { version, explanation } = await inference.explain(ask('Piscine', 20));
    assert.equal(version, inference.current()?.version);
    assert.equal(explanation.code, 2583);
    assert.equal(inference.explaining, 0);
  });

  it('let predictions go first: they are answered while an explanation goes on', async () => {
    const client = new AbortController();
    const explained = inference.explain(ask('Piscine', ENDLESS), { signal: client.signal });
    for (let turn = 0; turn < 20; turn++) await inference.predict(product('Piscine'));
    assert.equal(inference.explaining, 1);
    client.abort(new Error('gone'));
    await assert.rejects(explained, { message: 'gone' });
  });

  it('are made one at a time; the next one begins when a client is gone', async () => {
    const client = new AbortController();
    const first = inference.explain(ask('Piscine', ENDLESS), { signal: client.signal });
    const second = inference.explain(ask('Piscine', 3, 1280));
    await inference.predict(product('Piscine'));
    assert.equal(inference.explaining, 2);
    client.abort(new Error('gone'));
    await assert.rejects(first);
    assert.equal((await second).explanation.code, 1280);
  });

  it('are refused with EXPLAIN_BUSY when one is made and four wait; predictions are not', async () => {
    const blocked = inference.predict(product(`wait ${gate()}`));
    const accepted = Array.from({ length: 4 }, () => inference.explain(ask()));
    await assert.rejects(inference.explain(ask()), { code: 'EXPLAIN_BUSY', retryable: true });
    const prediction = inference.predict(product('Piscine'));
    await writeFile(gate(), '');
    await Promise.all([blocked, prediction, ...accepted]);
  });

  it('end at their deadline', async () => {
    const impatient = await serving({ explainDeadlineMs: 200 });
    await assert.rejects(impatient.explain(ask('Piscine', ENDLESS)), { code: 'SERVING_TIMEOUT' });
    await impatient.predict(product('Piscine'));
  });

  it('pass the product’s own problem on', async () => {
    const picture = Buffer.from('no picture');
    const input = { ...ask(), product: { ...product('Piscine'), picture } };
    await assert.rejects(inference.explain(input), { code: 'PICTURE_FORMAT_UNSUPPORTED' });
    await inference.explain(ask());
  });

  it('begin anew when their process dies, once', async () => {
    const { explanation } = await inference.explain(ask(`die-once ${join(directory, 'died')}`, 5));
    assert.equal(explanation.code, 2583);
    assert.equal(restarts, 1);
    await assert.rejects(inference.explain(ask('die')), { code: 'SERVING_UNAVAILABLE' });
    assert.equal((await inference.explain(ask())).explanation.code, 2583);
  });

  it('begin anew when another bundle begins to serve, and say that it answered', async () => {
    const explained = inference.explain(ask(`wait ${gate()}`, 2));
    const version = await fixtureBundle(bundles, { favourite: TOYS });
    await inference.deploy(version);
    await writeFile(gate(), '');
    assert.deepEqual([(await explained).version, (await explained).explanation.code], [version, 1280]);
  });

  it('are given up when the service closes, which predictions are not', async () => {
    const explained = inference.explain(ask('Piscine', ENDLESS));
    const refused = assert.rejects(explained, { code: 'SERVING_CLOSED', retryable: true });
    const prediction = inference.predict(product('Piscine'));
    await inference.close();
    await refused;
    assert.equal((await prediction).labels[POOL], 2583);
    await assert.rejects(inference.explain(ask()), { code: 'SERVING_CLOSED' });
  });
});
