import { join } from 'node:path';
import type { Epoch } from '../runtime/jobs.ts';
import type { TensorFlow } from './operations.ts';

/**
 * Writes the learning curves as TensorBoard event files, laid out as Keras' callback does
 * (`train` and `validation` runs with `epoch_loss` and `epoch_accuracy`).
 */
export function writeToTensorBoard(tf: TensorFlow, directory: string, epoch: Epoch): void {
  const curves = {
    train: { loss: epoch.loss, accuracy: epoch.accuracy },
    validation: { loss: epoch.validationLoss, accuracy: epoch.validationAccuracy },
  };
  for (const [run, { loss, accuracy }] of Object.entries(curves)) {
    const writer = tf.node.summaryFileWriter(join(directory, run));
    writer.scalar('epoch_loss', loss, epoch.epoch);
    writer.scalar('epoch_accuracy', accuracy, epoch.epoch);
    writer.flush();
  }
}
