import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DatasetRef } from '../data/catalogue.ts';
import type { CheckReport } from '../data/check.ts';
import { splitCatalogue } from '../data/dataset.ts';
import { picturesDirectory } from '../data/merged-pictures.ts';
import type { ActivityDeps } from './deps.ts';
import { durable } from './durable.ts';
import type { TrainingCatalogue } from './fetch.ts';
import { once } from './stage-store.ts';

export interface SplitInput {
  readonly catalogue: TrainingCatalogue;
  /** The validation's folder: pictures that it found unreadable are left out. */
  readonly validation: string;
  /** The same of the corrections; absent when there are none. */
  readonly correctionsValidation?: string | undefined;
  readonly seed: number;
  readonly split: { readonly trainPerCode?: number; readonly validationPerCode?: number };
}

/** Stage «split»: train, validation and test rows; no product in two of them. */
export function createSplit({ config }: ActivityDeps) {
  return function split(input: SplitInput): Promise<{ dataset: DatasetRef; reused: boolean }> {
    return durable('split', async ({ signal, report }) => {
      const { catalogue, correctionsValidation, seed } = input;
      const { increment, weight } = catalogue.corrections ?? {};
      const unreadable = await unreadableIn(input.validation);
      const corrections = increment &&
        weight && {
          ...{ increment, weight },
          unreadable: correctionsValidation ? await unreadableIn(correctionsValidation) : [],
        };
      const { directory, reused, result } = await once({
        root: config.stages,
        name: 'split',
        inputs: {
          ...{ content: catalogue.contentHash, seed, split: input.split, unreadable },
          ...(corrections && {
            corrections: { version: increment.version, weight, unreadable: corrections.unreadable },
          }),
        },
        module: 'data/dataset.ts',
        work: async (folder) => {
          const {
            version,
            counts,
            corrections: used,
          } = await splitCatalogue({
            catalogue,
            unreadable,
            ...(corrections && { corrections }),
            seed,
            parameters: input.split,
            directory: folder,
            signal,
            onProgress: report,
          });
          return { version, counts, ...(used && { corrections: used }) };
        },
      });
      const catalogueDirectory = await picturesDirectory(directory, catalogue, increment);
      return { dataset: { ...result, directory, catalogueDirectory }, reused };
    });
  };
}

async function unreadableIn(validation: string): Promise<readonly string[]> {
  const { unreadable }: CheckReport = JSON.parse(await readFile(join(validation, 'report.json'), 'utf8'));
  return unreadable;
}
