import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { readConfig } from '../config.ts';
import { isTypeCode } from '../data/type-codes.ts';
import { EtiquetteError } from '../errors.ts';
import { champion } from '../models/bundle/deployments.ts';
import type { Explanation } from '../models/explain/explanation.ts';
import type { ExplainInput, MlProcess } from '../models/runtime/jobs.ts';
import { createMlProcess } from '../models/runtime/process.ts';
import { explanationPage } from './explaining/page.ts';
import { explanationText } from './explaining/terminal.ts';

const USAGE = `Usage: npm run explain -- --designation TEXT [--description TEXT] [--picture FILE] [options]

Says which words and which regions of the picture spoke for a product's code, and which against it.

  --code N              the code to speak about (default: the most probable one)
  --model VERSION       "npm run models" lists them (default: the champion)
  --language fr|en      of the code's name and of the page (default: fr)
  --html FILE           write a page with the words and the picture coloured
  --json                print one JSON line: {bundle, code, confidence, text, image}
`;

export async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      designation: { type: 'string', default: '' },
      description: { type: 'string', default: '' },
      picture: { type: 'string' },
      code: { type: 'string' },
      model: { type: 'string' },
      language: { type: 'string', default: 'fr' },
      html: { type: 'string' },
      json: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const { designation, description, language } = values;
  if (designation === '' && description === '' && !values.picture) {
    throw new EtiquetteError(
      'USAGE',
      'Name a product: --designation TEXT, --description TEXT or --picture FILE.',
    );
  }
  if (language !== 'fr' && language !== 'en') throw new EtiquetteError('USAGE', '--language is fr or en.');
  const code = values.code === undefined ? null : Number(values.code);
  if (code !== null && !isTypeCode(code)) {
    throw new EtiquetteError('USAGE', `--code ${values.code} is not one of the 27 type codes.`);
  }
  const here = process.env.INIT_CWD ?? '.';
  const picture = values.picture ? await readPicture(resolve(here, values.picture)) : null;
  const product = { designation, description, picture };

  const config = readConfig();
  const version = values.model ?? (await champion(config.deployments));
  if (version === null) {
    throw new EtiquetteError('NO_MODEL', 'Nothing is deployed yet: "npm run train" makes a model.');
  }
  const ml = createMlProcess({ name: 'explain', threads: availableParallelism() });
  let explanation: Explanation;
  try {
    await ml.run('loadBundle', { bundle: join(config.bundles, version), encoders: config.encoders });
    explanation = await explain(ml, { product, code, heatMap: values.html !== undefined });
  } finally {
    await ml.close();
  }
  const { heatMap: _, ...facts } = explanation;
  const shown = { bundle: version, product, explanation, language } as const;
  process.stdout.write(
    values.json
      ? `${JSON.stringify({ bundle: version, ...facts })}\n`
      : explanationText(shown, process.stdout.isTTY && process.stdout.hasColors()),
  );
  if (values.html) {
    const file = resolve(here, values.html);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, explanationPage(shown));
    process.stderr.write(`${file}\n`);
  }
  return 0;
}

async function explain(ml: MlProcess, input: ExplainInput): Promise<Explanation> {
  let explanation = await ml.run('explain', input);
  while (!explanation) explanation = await ml.run('explain', null);
  return explanation;
}

async function readPicture(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } catch (cause) {
    throw new EtiquetteError('USAGE', `--picture ${file} cannot be read.`, { cause });
  }
}
