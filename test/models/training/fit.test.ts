import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Epoch, JobContext } from '../../../models/runtime/jobs.ts';
import { tensorflow } from '../../../models/runtime/tensorflow.ts';
import type { Adam } from '../../../models/training/adam.ts';
import { earlyStopping } from '../../../models/training/early-stopping.ts';
import { fit, type Learner } from '../../../models/training/fit.ts';

const epoch = (number: number, validationLoss: number): Epoch => ({
  epoch: number,
  loss: 1,
  accuracy: 0,
  validationLoss,
  validationAccuracy: 0,
});

describe('early stopping', () => {
  const rule = { patience: 2, maximum: 5 };
  const after = (...losses: number[]) =>
    earlyStopping(
      losses.map((loss, index) => epoch(index + 1, loss)),
      rule,
    );

  it('goes on while the validation loss falls', () => {
    assert.deepEqual(after(3, 2), { bestEpoch: 2, improved: true, stop: false });
  });
  it('stops after `patience` epochs without a better one, and names the best', () => {
    assert.deepEqual(after(3, 2, 2.5, 2), { bestEpoch: 2, improved: false, stop: true });
  });
  it('stops at the last epoch', () => {
    assert.deepEqual(after(5, 4, 3, 2, 1), { bestEpoch: 5, improved: true, stop: true });
  });
  it('never takes a loss that is not a number for the best', () => {
    assert.deepEqual(after(Number.NaN, Number.NaN), { bestEpoch: 0, improved: false, stop: true });
  });
  it('does not stop before the first epoch', () => {
    assert.deepEqual(after(), { bestEpoch: 0, improved: false, stop: false });
  });
});

describe('fit', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'fit-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  /** Fits y = 2x by least squares, with a gradient written out by hand. */
  function line(
    tf: Awaited<ReturnType<typeof tensorflow>>,
    onEpoch: (epoch: number) => void = () => {},
  ): Learner {
    const loss = (adam: Adam) =>
      tf.tidy(() => {
        const slope = adam.weight('slope').dataSync()[0] as number;
        return (slope - 2) ** 2;
      });
    return {
      initial: () => ({ slope: { shape: [1], data: new Float32Array([0]) } }),
      async train(adam, epochNumber, onBatch) {
        onEpoch(epochNumber);
        for (let batch = 0; batch < 4; batch++) {
          const gradient = tf.tidy(() =>
            adam
              .weight('slope')
              .sub(2)
              .mul(2 + epochNumber * 0.01),
          );
          adam.apply({ slope: gradient });
          gradient.dispose();
          await onBatch((batch + 1) / 4);
        }
        return { loss: loss(adam), accuracy: 1 };
      },
      validate: async (adam) => ({ loss: loss(adam), accuracy: 1 }),
    };
  }
  const options = { fingerprint: 'a', epochs: 6, patience: 3, learningRate: 0.05 };
  const context = (signal: AbortSignal = new AbortController().signal): JobContext => ({
    signal,
    progress() {},
  });
  const events = async (folder: string) =>
    (await readFile(join(folder, 'epochs.jsonl'), 'utf8'))
      .trim()
      .split('\n')
      .map((text) => JSON.parse(text) as { event: string; epoch: number })
      .map(({ event, epoch: number }) => `${event} ${number}`);

  it('takes the steps that tf.train.adam takes', async () => {
    const tf = await tensorflow();
    const { weights } = await fit(tf, line(tf), { ...options, directory }, context());
    const slope = tf.variable(tf.tensor1d([0]));
    const optimizer = tf.train.adam(0.05, 0.9, 0.999, 1e-7);
    for (let number = 1; number <= 6; number++) {
      for (let batch = 0; batch < 4; batch++) {
        optimizer.applyGradients({ [slope.name]: slope.sub(2).mul(2 + number * 0.01) });
      }
    }
    assert.ok(Math.abs((weights.slope?.data[0] ?? 0) - (slope.dataSync()[0] as number)) < 5e-5);
  });

  it('goes on after the last finished epoch when stopped, and ends with the same bits', async () => {
    const tf = await tensorflow();
    const undisturbed = await fit(tf, line(tf), { ...options, directory: join(directory, 'a') }, context());
    const stop = new AbortController();
    const again = { ...options, directory: join(directory, 'b') };
    const stopped = line(tf, (number) => number === 3 && stop.abort(new Error('stopped')));
    await assert.rejects(fit(tf, stopped, again, context(stop.signal)), /stopped/);
    const resumed = await fit(tf, line(tf), again, context());
    assert.deepEqual(resumed, undisturbed);
    assert.deepEqual((await events(again.directory)).slice(0, 7), [
      'start 1',
      'end 1',
      'start 2',
      'end 2',
      'start 3',
      'start 3',
      'end 3',
    ]);
  });

  it('does no epoch again when training had finished', async () => {
    const tf = await tensorflow();
    const first = await fit(tf, line(tf), { ...options, directory }, context());
    const second = await fit(
      tf,
      line(tf, () => assert.fail('an epoch was done again')),
      { ...options, directory },
      context(),
    );
    assert.deepEqual(second, first);
  });

  it('starts from the first epoch when the inputs are others', async () => {
    const tf = await tensorflow();
    await fit(tf, line(tf), { ...options, directory }, context());
    const done: number[] = [];
    await fit(
      tf,
      line(tf, (number) => done.push(number)),
      { ...options, directory, fingerprint: 'b' },
      context(),
    );
    assert.deepEqual(done, [1, 2, 3, 4, 5, 6]);
  });

  it('says so when the loss is never a number', async () => {
    const tf = await tensorflow();
    const broken: Learner = { ...line(tf), validate: async () => ({ loss: Number.NaN, accuracy: 0 }) };
    const attempt = () => fit(tf, broken, { ...options, directory }, context());
    await assert.rejects(attempt(), { code: 'TRAINING_DIVERGED' });
    await assert.rejects(attempt(), { code: 'TRAINING_DIVERGED' });
  });

  it('refuses a damaged checkpoint', async () => {
    const tf = await tensorflow();
    await writeFile(join(directory, 'checkpoint.safetensors'), 'not a checkpoint');
    await assert.rejects(fit(tf, line(tf), { ...options, directory }, context()), {
      code: 'MODEL_FILE_CORRUPT',
    });
  });

  it('writes the curves for TensorBoard', async () => {
    const tf = await tensorflow();
    await fit(tf, line(tf), { ...options, directory }, context());
    for (const run of ['train', 'validation']) {
      const [file] = await readdir(join(directory, 'tensorboard', run));
      const bytes = await readFile(join(directory, 'tensorboard', run, file ?? ''));
      assert.ok(bytes.includes('epoch_loss') && bytes.includes('epoch_accuracy'));
    }
  });
});
