import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PROJECT } from '../config.ts';
import { concludeTests, SUMMARY_FILE, type TestSummary } from './testing/summary.ts';

const USAGE = `Usage: npm test [-- FILE...] [-- mocha options]

Runs every test that this machine can run, and names what it skipped and why.
With CI=true a skip for a missing tool is a failure.

  npm test -- test/data/split.test.ts    one file
  npm test -- --grep "same product"      tests by name
`;

const EVERY_TEST = 'test/**/*.test.ts';

/** A run that has told its result and still does not end holds something open: a port, a child process. */
const LINGER_MS = 30_000;

export async function main(args: string[]): Promise<number> {
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(USAGE);
    return 0;
  }
  const strict = process.env.CI === 'true';
  const scratch = await mkdtemp(join(tmpdir(), 'etiquette-test-'));
  const file = join(scratch, 'summary.json');
  try {
    const files = args.some(namesFiles) ? [] : [EVERY_TEST];
    const lingered = await runMocha([...(strict ? ['--forbid-only'] : []), ...args, ...files], file);
    const summary: TestSummary = existsSync(file)
      ? JSON.parse(await readFile(file, 'utf8'))
      : { passed: 0, failed: 1, skipped: [] };
    if (!existsSync(file)) process.stdout.write('The test run ended before its summary: see above.\n');
    if (lingered) process.stdout.write('The tests ended, but they left something open.\n');
    const { lines, exitCode } = concludeTests(
      lingered ? { ...summary, failed: summary.failed + 1 } : summary,
      strict,
    );
    process.stdout.write(`${lines.join('\n')}\n`);
    return exitCode;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

function namesFiles(arg: string): boolean {
  return !arg.startsWith('-') && (/[*]|\.ts$/.test(arg) || existsSync(join(PROJECT, arg)));
}

/** @returns whether mocha had to be ended */
function runMocha(args: string[], summaryFile: string): Promise<boolean> {
  const mocha = spawn(
    process.execPath,
    [
      join(PROJECT, 'node_modules/mocha/bin/mocha.js'),
      ...['--reporter', join(PROJECT, 'cli/testing/reporter.ts')],
      ...args,
    ],
    { cwd: PROJECT, stdio: 'inherit', env: { ...process.env, [SUMMARY_FILE]: summaryFile } },
  );
  let lingered = false;
  let toldAt: number | undefined;
  const watch = setInterval(() => {
    if (!existsSync(summaryFile)) return;
    toldAt ??= Date.now();
    if (Date.now() - toldAt < LINGER_MS) return;
    lingered = true;
    mocha.kill('SIGKILL');
  }, 500);
  const forward = (signal: NodeJS.Signals) => mocha.kill(signal);
  process.on('SIGINT', forward).on('SIGTERM', forward);
  return new Promise((resolve, reject) => {
    mocha.on('error', reject);
    mocha.on('exit', () => {
      clearInterval(watch);
      process.off('SIGINT', forward).off('SIGTERM', forward);
      resolve(lingered);
    });
  });
}
