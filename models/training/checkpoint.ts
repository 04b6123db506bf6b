import { existsSync } from 'node:fs';
import type { Epoch } from '../runtime/jobs.ts';
import { type Arrays, readSafetensorsWithMetadata, writeSafetensors } from '../runtime/safetensors.ts';
import type { AdamState } from './adam.ts';

/** All that training needs to go on after an epoch as if nothing had happened. */
export interface Checkpoint {
  readonly epochs: readonly Epoch[];
  readonly adam: AdamState;
  /** Weights of the epoch with the lowest validation loss; empty when no loss was a number yet. */
  readonly best: Arrays;
}

const PARTS = ['weights', 'moments', 'best'] as const;

/**
 * One file, written beside and renamed: a killed process leaves the previous epoch's checkpoint whole.
 * `fingerprint` names the inputs that the training started from.
 */
export async function writeCheckpoint(
  file: string,
  fingerprint: string,
  { epochs, adam, best }: Checkpoint,
): Promise<void> {
  const parts = { weights: adam.weights, moments: adam.moments, best };
  const arrays = Object.fromEntries(
    PARTS.flatMap((part) =>
      Object.entries(parts[part]).map(([name, array]) => [`${part}:${name}`, array] as const),
    ),
  );
  const state = JSON.stringify({ step: adam.step, epochs });
  await writeSafetensors(file, arrays, { fingerprint, state });
}

/**
 * @returns null when there is none, or one of other inputs: training then starts from the first epoch.
 * @throws EtiquetteError MODEL_FILE_CORRUPT when the file is damaged.
 */
export async function readCheckpoint(file: string, fingerprint: string): Promise<Checkpoint | null> {
  if (!existsSync(file)) return null;
  const { arrays, metadata } = await readSafetensorsWithMetadata(file);
  if (metadata.fingerprint !== fingerprint || metadata.state === undefined) return null;
  const state = JSON.parse(metadata.state) as { step: number; epochs: Epoch[] };
  const part = (name: (typeof PARTS)[number]): Arrays =>
    Object.fromEntries(
      Object.entries(arrays)
        .filter(([key]) => key.startsWith(`${name}:`))
        .map(([key, array]) => [key.slice(name.length + 1), array]),
    );
  return {
    epochs: state.epochs,
    adam: { step: state.step, weights: part('weights'), moments: part('moments') },
    best: part('best'),
  };
}
