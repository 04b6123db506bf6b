import { join } from 'node:path';
import { writeAtomic } from './atomic.ts';
import { TYPE_CODE_NAMES, type TypeCode } from './type-codes.ts';

export interface CheckProblem {
  readonly code: string;
  /** An error closes the gate, a warning does not. */
  readonly severity: 'error' | 'warning';
  readonly count: number;
  /** What is wrong and what to do. */
  readonly message: string;
  /** At most five. */
  readonly examples: readonly string[];
}

/** Shares are 0..1; above one of them its warning becomes an error. */
export interface CheckLimits {
  readonly minRowsPerCode: number;
  readonly maxMissingPictures: number;
  readonly maxUnreadablePictures: number;
  readonly maxEmptyTexts: number;
  readonly maxDuplicates: number;
}

export interface CheckReport {
  readonly passed: boolean;
  readonly contentHash: string;
  readonly limits: CheckLimits;
  readonly rows: { readonly train: number; readonly test: number };
  readonly pictures: { readonly files: number; readonly missing: number; readonly unreadable: number };
  readonly classes: ReadonlyArray<{ code: TypeCode; rows: number; pictures: number }>;
  readonly problems: readonly CheckProblem[];
  /** Picture files, relative to the catalogue, that must not be used: their products have no picture. */
  readonly unreadable: readonly string[];
}

/** Writes report.json and, for people, report.md. */
export async function writeCheckReport(report: CheckReport, directory: string): Promise<void> {
  await writeAtomic(join(directory, 'report.json'), `${JSON.stringify(report, null, 2)}\n`);
  await writeAtomic(join(directory, 'report.md'), toMarkdown(report));
}

export function toMarkdown(report: CheckReport): string {
  const errors = report.problems.filter(({ severity }) => severity === 'error').length;
  const lines = [
    '# Check of the catalogue',
    '',
    report.passed
      ? `**Passed**, with ${report.problems.length} warning(s).`
      : `**Not passed**: ${errors} error(s), ${report.problems.length - errors} warning(s).`,
    '',
    'Checked: columns, encoding and quotes of every CSV; indexes, their match between products and codes; codes;',
    'every picture decoded; empty and repeated products; rows per code.',
    '',
    '| | |',
    '|---|---|',
    `| Content | \`${report.contentHash}\` |`,
    `| Labelled products | ${report.rows.train} |`,
    `| Products without label | ${report.rows.test} |`,
    `| Picture files | ${report.pictures.files} |`,
    `| Products without picture | ${report.pictures.missing} |`,
    `| Unreadable pictures | ${report.pictures.unreadable} |`,
    '',
    '## Problems',
    '',
  ];
  if (report.problems.length === 0) lines.push('None.');
  else {
    lines.push('| | code | count | what to do | examples |', '|---|---|---|---|---|');
    for (const { severity, code, count, message, examples } of report.problems) {
      lines.push(
        `| ${severity} | ${code} | ${count} | ${cell(message)} | ${examples.map(cell).join('<br>')} |`,
      );
    }
  }
  lines.push('', '## Codes', '', '| code | name | nom | rows | with picture |', '|---|---|---|---|---|');
  for (const { code, rows, pictures } of report.classes) {
    const { fr, en } = TYPE_CODE_NAMES[code];
    lines.push(`| ${code} | ${en} | ${fr} | ${rows} | ${pictures} |`);
  }
  return `${lines.join('\n')}\n`;
}

/** Catalogue text inside a table: nothing in it may end the cell or start HTML. */
function cell(text: string): string {
  return text
    .slice(0, 300)
    .replace(/[\r\n]+/g, ' ')
    .replaceAll('|', '\\|')
    .replaceAll('<', '&lt;');
}
