import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CatalogueRef, DatasetRef } from '../data/catalogue.ts';
import type { CheckReport } from '../data/check.ts';
import { splitCatalogue } from '../data/dataset.ts';
import type { ActivityDeps } from './deps.ts';
import { durable } from './durable.ts';
import { once } from './stage-store.ts';

export interface SplitInput {
  readonly catalogue: CatalogueRef;
  /** The validation's folder: pictures that it found unreadable are left out. */
  readonly validation: string;
  readonly seed: number;
  readonly split: { readonly trainPerCode?: number; readonly validationPerCode?: number };
}

/** Stage «split»: train, validation and test rows; no product in two of them. */
export function createSplit({ config }: ActivityDeps) {
  return function split(input: SplitInput): Promise<{ dataset: DatasetRef; reused: boolean }> {
    return durable('split', async ({ signal, report }) => {
      const { catalogue, seed } = input;
      const checked: CheckReport = JSON.parse(await readFile(join(input.validation, 'report.json'), 'utf8'));
      const unreadable = checked.unreadable;
      const { directory, reused, result } = await once({
        root: config.stages,
        name: 'split',
        inputs: { content: catalogue.contentHash, seed, split: input.split, unreadable },
        module: 'data/dataset.ts',
        work: async (folder) => {
          const { version, counts } = await splitCatalogue({
            catalogue,
            unreadable,
            seed,
            parameters: input.split,
            directory: folder,
            signal,
            onProgress: report,
          });
          return { version, counts };
        },
      });
      return { dataset: { ...result, directory, catalogueDirectory: catalogue.directory }, reused };
    });
  };
}
