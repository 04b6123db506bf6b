import { runTool } from './linting/run-tool.ts';

const USAGE = `Usage: npm run format

Formats every file and corrects what Biome can correct safely.
`;

export async function main(args: string[]): Promise<number> {
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(USAGE);
    return 0;
  }
  return runTool('biome', ['check', '--write', ...args]);
}
