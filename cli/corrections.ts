import { userInfo } from 'node:os';
import { parseArgs } from 'node:util';
import {
  type Correction,
  type CorrectionPage,
  type CorrectionPlace,
  type Corrections,
  createCorrections,
} from '../api/database/corrections.ts';
import { openDatabase } from '../api/database/open.ts';
import { readConfig } from '../config.ts';
import { exportCorrections } from '../data/corrections.ts';
import { isTypeCode, TYPE_CODE_NAMES } from '../data/type-codes.ts';
import { EtiquetteError } from '../errors.ts';

const USAGE = `Usage: npm run corrections [-- COMMAND] [--json]

  list                 what people answered to predictions, the newest first (without a command too)
  export DIR           write them as a catalogue into a folder below DIR, which is named by their version
  withdraw PREDICTION  no later training uses it

The next training takes them in by itself: an export is for looking at them, or for another machine.
`;

export async function main(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { json: { type: 'boolean', default: false }, help: { type: 'boolean', short: 'h' } },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const [command = 'list', subject, ...tooMany] = positionals;
  if (tooMany.length > 0) throw usage();
  const database = await openDatabase(readConfig().database);
  try {
    const corrections = createCorrections(database);
    if (command === 'list' && subject === undefined) await list(corrections, values.json);
    else if (command === 'export' && subject) await exportInto(corrections, subject, values.json);
    else if (command === 'withdraw' && subject) await withdraw(corrections, subject, values.json);
    else throw usage();
    return 0;
  } finally {
    await database.destroy();
  }
}

const PAGE = 200;

async function list(corrections: Corrections, asJson: boolean): Promise<void> {
  const counted = await corrections.count();
  const found: Correction[] = [];
  let after: CorrectionPlace | null = null;
  do {
    const page: CorrectionPage = await corrections.list({ limit: PAGE, after });
    if (asJson) found.push(...page.corrections);
    else process.stdout.write(page.corrections.map(line).join(''));
    after = page.next;
  } while (after);
  const { confirmed, corrected } = counted;
  if (asJson) process.stdout.write(`${JSON.stringify({ ...counted, corrections: found })}\n`);
  else if (confirmed + corrected === 0)
    process.stdout.write('No correction yet: docs/corrections.md says how.\n');
  else process.stdout.write(`${corrected} corrected, ${confirmed} confirmed\n`);
}

function line({ at, prediction, predicted, code, by, designation }: Correction): string {
  const name = isTypeCode(code) ? TYPE_CODE_NAMES[code].en : '';
  const what = code === predicted ? `${code} confirmed` : `${predicted} -> ${code}`;
  // Whoever wrote it must not write to the terminal.
  const begins = designation.replace(/[\p{C}\s]+/gu, ' ').slice(0, 60);
  return `${at}  ${prediction}  ${what.padEnd(14)}  ${name}  by ${by}: ${begins}\n`;
}

async function exportInto(corrections: Corrections, directory: string, asJson: boolean): Promise<void> {
  const increment = await exportCorrections(corrections.products(), directory);
  if (asJson) {
    const { version = null, rows = 0, catalogue } = increment ?? {};
    const { directory = null, pictures = 0 } = catalogue ?? {};
    process.stdout.write(`${JSON.stringify({ version, rows, pictures, directory })}\n`);
  } else if (increment) {
    const { catalogue, rows } = increment;
    process.stdout.write(
      `${rows} product(s), ${catalogue.pictures} with a picture: ${catalogue.directory}\n`,
    );
  } else process.stdout.write('No correction yet: nothing was written.\n');
}

async function withdraw(corrections: Corrections, prediction: string, asJson: boolean): Promise<void> {
  const ended = await corrections.withdraw(prediction, userInfo().username, new Date().toISOString());
  if (!ended) {
    throw new EtiquetteError(
      'CORRECTION_UNKNOWN',
      `No correction of the prediction "${prediction}" counts. "npm run corrections" lists those that do.`,
    );
  }
  if (asJson) process.stdout.write(`${JSON.stringify(ended)}\n`);
  else
    process.stdout.write(`The correction ${ended.predicted} -> ${ended.code} by ${ended.by} is withdrawn.\n`);
}

function usage(): EtiquetteError {
  return new EtiquetteError('USAGE', 'Say what to do: npm run corrections -- --help.');
}
