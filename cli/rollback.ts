import { parseArgs } from 'node:util';
import { runDeployment } from './deploy.ts';

const USAGE = `Usage: npm run rollback [-- --reason TEXT]

Makes the bundle serve that served before the present one.
`;

export async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: { reason: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  return runDeployment({ rollback: true, reason: values.reason ?? 'npm run rollback' });
}
