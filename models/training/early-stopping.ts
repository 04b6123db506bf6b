import type { Epoch } from '../runtime/jobs.ts';

export interface Stopping {
  /** The epoch with the lowest validation loss (the first of equals); 0 before the first epoch. */
  readonly bestEpoch: number;
  /** Whether the newest epoch is the best so far: its weights are the ones to keep. */
  readonly improved: boolean;
  /** No improvement for `patience` epochs, or all `maximum` epochs done. */
  readonly stop: boolean;
}

/**
 * Early stopping on the validation loss, as Keras' EarlyStopping(monitor='val_loss', min_delta=0) does it.
 * A loss that is not a number never counts as an improvement.
 */
export function earlyStopping(
  epochs: readonly Epoch[],
  { patience, maximum }: { patience: number; maximum: number },
): Stopping {
  let best = Number.POSITIVE_INFINITY;
  let bestEpoch = 0;
  for (const { epoch, validationLoss } of epochs) {
    // A checkpoint stores a loss that is not a number as null.
    if (Number.isFinite(validationLoss) && validationLoss < best) {
      best = validationLoss;
      bestEpoch = epoch;
    }
  }
  const newest = epochs.at(-1)?.epoch ?? 0;
  return {
    bestEpoch,
    improved: newest > 0 && newest === bestEpoch,
    stop: newest >= maximum || (newest > 0 && newest - bestEpoch >= patience),
  };
}
