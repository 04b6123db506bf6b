import type { CatalogueRef } from '../data/catalogue.ts';
import { checkCatalogue, writeCheckReport } from '../data/check.ts';
import { EtiquetteError } from '../errors.ts';
import type { ActivityDeps } from './deps.ts';
import { durable } from './durable.ts';
import { once } from './stage-store.ts';

export interface Validation {
  readonly reused: boolean;
  /** Folder with report.json and report.md. */
  readonly report: string;
  readonly warnings: readonly string[];
}

/** Stage «validate»: the gate that keeps a bad catalogue from training. @throws CATALOGUE_REJECTED. */
export function createValidate({ config }: ActivityDeps) {
  return function validate(input: { catalogue: CatalogueRef }): Promise<Validation> {
    return durable('validate', async ({ signal, report }) => {
      const { catalogue } = input;
      const { directory, reused, result } = await once({
        root: config.stages,
        name: 'validate',
        inputs: { content: catalogue.contentHash },
        module: 'data/check.ts',
        work: async (folder) => {
          const checked = await checkCatalogue({ catalogue, signal, onProgress: report });
          await writeCheckReport(checked, folder);
          return {
            passed: checked.passed,
            problems: checked.problems.map(({ severity, message }) => ({ severity, message })),
          };
        },
      });
      const errors = result.problems.filter((problem) => problem.severity === 'error');
      if (!result.passed) {
        throw new EtiquetteError(
          'CATALOGUE_REJECTED',
          `${errors.map((problem) => problem.message).join(' ')} Report: ${directory}/report.md`,
        );
      }
      const warnings = result.problems.map((problem) => problem.message);
      return { reused, report: directory, warnings };
    });
  };
}
