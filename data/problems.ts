import { isEtiquetteError } from '../errors.ts';
import type { CheckProblem } from './check-report.ts';

const MOST_EXAMPLES = 5;

/** What to do about each problem that is counted; readers' own errors bring their message along. */
const ADVICE: Readonly<Record<string, string>> = {
  CATALOGUE_NO_ROWS: 'The table has a header and no rows. Put products into it.',
  CATALOGUE_INDEX_DUPLICATE: 'These indexes stand more than once. Give every row its own index.',
  CATALOGUE_CODE_INVALID: 'These codes are not numbers. Correct or remove the rows.',
  CATALOGUE_CODE_UNKNOWN: 'These codes are none of the 27. Correct or remove the rows.',
  CATALOGUE_LABEL_MISSING: 'These products have no code. Add it to the Y file or remove the products.',
  CATALOGUE_LABEL_UNMATCHED: 'These codes belong to no product. Add the product or remove the code.',
  CATALOGUE_CLASS_TOO_SMALL: 'These codes have too few rows to train and measure. Add products to them.',
  CATALOGUE_PICTURE_MISSING:
    'These products have no picture file and take part in text only. Add the pictures if there are any.',
  CATALOGUE_PICTURE_UNREADABLE:
    'These pictures cannot be used; their products take part in text only. Replace the files.',
  CATALOGUE_TEXT_EMPTY: 'These products have neither designation nor description. Add a text.',
  CATALOGUE_PRODUCT_DUPLICATE:
    'These rows repeat the text or the picture of an earlier row; the split keeps them together.',
  CATALOGUE_PRODUCT_CONFLICT: 'These rows repeat an earlier product under another code. Look which is right.',
};

/** Collects what a check finds: one entry a code, with a count and a few examples. */
export class Problems {
  readonly #found = new Map<string, { count: number; message: string; examples: string[] }>();

  add(code: string, example: string, message: string = ADVICE[code] ?? ''): void {
    const problem = this.#found.get(code) ?? { count: 0, message, examples: [] };
    problem.count++;
    if (problem.examples.length < MOST_EXAMPLES) problem.examples.push(example);
    this.#found.set(code, problem);
  }

  count(code: string): number {
    return this.#found.get(code)?.count ?? 0;
  }

  /** `overLimit` names the problems that are warnings and whether each exceeds its limit. */
  list(overLimit: Readonly<Record<string, boolean>>): CheckProblem[] {
    const problems = [...this.#found].map(([code, { count, message, examples }]) => {
      const severity = (overLimit[code] ?? true) ? ('error' as const) : ('warning' as const);
      return { code, severity, count, message, examples };
    });
    return problems.sort((a, b) => (a.severity + a.code < b.severity + b.code ? -1 : 1));
  }

  /** Runs a reader; a catalogue error that ends it becomes a problem. @returns whether the reader came through */
  async gather(file: string, read: () => Promise<void>): Promise<boolean> {
    try {
      await read();
      return true;
    } catch (error) {
      if (!isEtiquetteError(error) || !error.code.startsWith('CATALOGUE_')) throw error;
      this.add(error.code, file, error.message);
      return false;
    }
  }
}
