import { parseArgs } from 'node:util';
import { EVERY_IMPORT, RUN_TIME_IMPORTS } from '../.dependency-cruiser.mjs';
import { PROJECT } from '../config.ts';
import { runTool } from './linting/run-tool.ts';
import { brokenStreets } from './linting/streets.ts';

const USAGE = `Usage: npm run lint

Style and likely mistakes (Biome), and the one-way streets between folders (.dependency-cruiser.mjs).
"npm run format" corrects what can be corrected.
`;

export async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options: { help: { type: 'boolean', short: 'h' } } });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const style = await runTool('biome', ['check', '--error-on-warnings']);
  const broken = await brokenStreets(PROJECT, {
    everyImport: EVERY_IMPORT,
    runTimeImports: RUN_TIME_IMPORTS,
  });
  for (const line of broken) process.stderr.write(`One-way street broken. ${line}\n`);
  return style === 0 && broken.length === 0 ? 0 : 1;
}
