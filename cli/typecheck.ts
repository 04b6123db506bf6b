import { runTool } from './linting/run-tool.ts';

const USAGE = `Usage: npm run typecheck

Checks the types of every file (TypeScript).
`;

export async function main(args: string[]): Promise<number> {
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(USAGE);
    return 0;
  }
  return runTool('tsc', args);
}
