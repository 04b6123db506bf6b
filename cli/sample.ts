import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { generateSample } from '../data/sample/generate.ts';
import { EtiquetteError } from '../errors.ts';

const USAGE = `Usage: npm run sample -- DIR [--products-per-code N] [--seed N]

Writes a catalogue of invented products in the challenge's layout: 27 codes, French texts, drawn pictures.
The same seed gives the same files.

  --products-per-code N   default: 40
  --seed N                default: 7
`;

export async function main(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      'products-per-code': { type: 'string' },
      seed: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const [folder, ...others] = positionals;
  if (folder === undefined || others.length > 0) {
    throw new EtiquetteError('USAGE', 'Name one folder: npm run sample -- DIR');
  }
  const directory = resolve(process.env.INIT_CWD ?? '.', folder);
  await generateSample({
    directory,
    ...(values['products-per-code'] === undefined
      ? {}
      : { productsPerCode: wholeNumber('--products-per-code', values['products-per-code']) }),
    ...(values.seed === undefined ? {} : { seed: wholeNumber('--seed', values.seed) }),
  });
  process.stdout.write(`Wrote a sample catalogue to ${directory}\n`);
  return 0;
}

function wholeNumber(option: string, text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new EtiquetteError('USAGE', `${option} must be a whole number above 0, not ${text}.`);
}
