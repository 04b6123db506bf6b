import { main as lint } from './lint.ts';
import { main as typecheck } from './typecheck.ts';

const USAGE = `Usage: npm run check

npm run lint and npm run typecheck, one after the other.
`;

export async function main(args: string[]): Promise<number> {
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(USAGE);
    return 0;
  }
  const styled = await lint(args);
  const typed = await typecheck(args);
  return styled === 0 && typed === 0 ? 0 : 1;
}
