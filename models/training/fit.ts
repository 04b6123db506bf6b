import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { EtiquetteError } from '../../errors.ts';
import type { Epoch, JobContext, JobProgress } from '../runtime/jobs.ts';
import { pause } from '../runtime/pause.ts';
import type { Arrays } from '../runtime/safetensors.ts';
import { type Adam, type AdamState, createAdam, freshAdamState } from './adam.ts';
import { readCheckpoint, writeCheckpoint } from './checkpoint.ts';
import { earlyStopping } from './early-stopping.ts';
import { recordEpoch } from './epoch-audit.ts';
import type { TensorFlow } from './operations.ts';
import { writeToTensorBoard } from './tensorboard.ts';

/** Means over the rows of a part. */
export interface Score {
  readonly loss: number;
  readonly accuracy: number;
}

/** Called between batches with how much of the part is done, 0..1. Throws when the job is to stop. */
export type OnBatch = (fraction: number) => Promise<void>;

/** A model that is trained epoch by epoch. What it does in epoch e depends on its seed and e alone. */
export interface Learner {
  /** Freshly initialised weights, the same for the same seed. */
  initial(): Arrays;
  /** One pass over the training rows. */
  train(adam: Adam, epoch: number, onBatch: OnBatch): Promise<Score>;
  validate(adam: Adam, onBatch: OnBatch): Promise<Score>;
}

export interface FitOptions {
  /** Holds checkpoint.safetensors, epochs.jsonl and tensorboard/. */
  readonly directory: string;
  /** Names all inputs (data, parameters, seed): a checkpoint of other inputs is not continued. */
  readonly fingerprint: string;
  /** At most this many. */
  readonly epochs: number;
  readonly patience: number;
  readonly learningRate: number;
}

export interface Fitted {
  readonly epochs: readonly Epoch[];
  readonly bestEpoch: number;
  /** Of the best epoch. */
  readonly weights: Arrays;
}

const NO_ADAM: AdamState = { step: 0, weights: {}, moments: {} };

/**
 * Trains with Adam until the validation loss has not improved for `patience` epochs, and returns the best
 * epoch's weights. Stopped or killed at any point it goes on, when called again, after the last finished
 * epoch, and ends with the same weights to the last bit.
 * @throws EtiquetteError TRAINING_DIVERGED when no validation loss was ever a number.
 */
export async function fit(
  tf: TensorFlow,
  learner: Learner,
  options: FitOptions,
  context: JobContext,
): Promise<Fitted> {
  const { directory, fingerprint, patience, epochs: maximum } = options;
  await mkdir(directory, { recursive: true });
  const file = join(directory, 'checkpoint.safetensors');
  const checkpoint = await readCheckpoint(file, fingerprint);
  let epochs = checkpoint?.epochs ?? [];
  let best = checkpoint?.best ?? {};
  let stopping = earlyStopping(epochs, { patience, maximum });

  if (!stopping.stop) {
    const adam = createAdam(tf, checkpoint?.adam ?? freshAdamState(learner.initial()), options);
    try {
      while (!stopping.stop) {
        const epoch = epochs.length + 1;
        await recordEpoch(directory, 'start', epoch);
        const result = await runEpoch(learner, adam, epoch, maximum, context);
        epochs = [...epochs, result];
        stopping = earlyStopping(epochs, { patience, maximum });
        if (stopping.improved) best = adam.weights();
        writeToTensorBoard(tf, join(directory, 'tensorboard'), result);
        // After the last epoch only the best weights are of use: the file shrinks to a quarter.
        const state = stopping.stop ? NO_ADAM : adam.state();
        await writeCheckpoint(file, fingerprint, { epochs, adam: state, best });
        await recordEpoch(directory, 'end', epoch);
        context.progress(afterEpoch(result, maximum, stopping.stop));
      }
    } finally {
      adam.dispose();
    }
  }
  if (stopping.bestEpoch === 0) {
    throw new EtiquetteError(
      'TRAINING_DIVERGED',
      'The validation loss was not a number in any epoch. Lower the learning rate, or check the data.',
    );
  }
  return { epochs, bestEpoch: stopping.bestEpoch, weights: best };
}

async function runEpoch(
  learner: Learner,
  adam: Adam,
  epoch: number,
  maximum: number,
  context: JobContext,
): Promise<Epoch> {
  const message = `epoch ${epoch} of at most ${maximum}`;
  const report = (done: number) =>
    context.progress({ fraction: (epoch - 1 + done) / maximum, message, epoch, epochs: maximum });
  report(0);
  const train = await learner.train(adam, epoch, async (done) => {
    await pause(context);
    report(done);
  });
  const validation = await learner.validate(adam, () => pause(context));
  return {
    epoch,
    loss: train.loss,
    accuracy: train.accuracy,
    validationLoss: validation.loss,
    validationAccuracy: validation.accuracy,
  };
}

function afterEpoch({ epoch, ...metrics }: Epoch, maximum: number, last: boolean): JobProgress {
  const message =
    `epoch ${epoch} of at most ${maximum}: validation loss ${metrics.validationLoss.toFixed(4)}, ` +
    `accuracy ${(metrics.validationAccuracy * 100).toFixed(1)} %`;
  return { fraction: last ? 1 : epoch / maximum, message, epoch, epochs: maximum, metrics };
}
