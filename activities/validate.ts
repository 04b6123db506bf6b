import { checkCatalogue, writeCheckReport } from '../data/check.ts';
import { checkCorrections } from '../data/check-corrections.ts';
import type { CheckReport } from '../data/check-report.ts';
import { EtiquetteError } from '../errors.ts';
import type { ActivityDeps } from './deps.ts';
import { durable } from './durable.ts';
import type { TrainingCatalogue } from './fetch.ts';
import { once } from './stage-store.ts';

export interface Validation {
  readonly reused: boolean;
  /** Folder with report.json and report.md. */
  readonly report: string;
  /** The same of the corrections; absent when there are none. */
  readonly corrections?: string;
  readonly warnings: readonly string[];
}

/** Stage «validate»: the gate that keeps a bad catalogue from training. @throws CATALOGUE_REJECTED. */
export function createValidate({ config }: ActivityDeps) {
  return function validate(input: { catalogue: TrainingCatalogue }): Promise<Validation> {
    return durable('validate', async ({ signal, report }) => {
      const { corrections, ...catalogue } = input.catalogue;
      const tools = { signal, onProgress: report };
      const whole = await passed(config.stages, {
        ...{ name: 'validate', content: catalogue.contentHash, module: 'data/check.ts' },
        check: () => checkCatalogue({ catalogue, ...tools }),
      });
      if (corrections === undefined) return whole;
      // By themselves: a correction more must not decode every picture of the catalogue again.
      const { catalogue: rows } = corrections.increment;
      const added = await passed(config.stages, {
        ...{ name: 'validate-corrections', content: rows.contentHash, module: 'data/check-corrections.ts' },
        check: () => checkCorrections(rows, tools),
      });
      return {
        reused: whole.reused && added.reused,
        report: whole.report,
        corrections: added.report,
        warnings: [...whole.warnings, ...added.warnings.map((warning) => `Corrections: ${warning}`)],
      };
    });
  };
}

interface Check {
  readonly name: string;
  /** The hash of what is checked. */
  readonly content: string;
  readonly module: string;
  readonly check: () => Promise<CheckReport>;
}

async function passed(root: string, { name, content, module, check }: Check): Promise<Validation> {
  const { directory, reused, result } = await once({
    ...{ root, name, inputs: { content }, module },
    work: async (folder) => {
      const checked = await check();
      await writeCheckReport(checked, folder);
      return {
        passed: checked.passed,
        problems: checked.problems.map(({ severity, message }) => ({ severity, message })),
      };
    },
  });
  if (!result.passed) {
    const errors = result.problems.filter((problem) => problem.severity === 'error');
    throw new EtiquetteError(
      'CATALOGUE_REJECTED',
      `${errors.map((problem) => problem.message).join(' ')} Report: ${directory}/report.md`,
    );
  }
  return { reused, report: directory, warnings: result.problems.map((problem) => problem.message) };
}
