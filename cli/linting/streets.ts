import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { IConfiguration, ICruiseResult, IForbiddenRuleType } from 'dependency-cruiser';
import { transform } from 'esbuild';
import { PROJECT } from '../../config.ts';

export interface Streets {
  /** Rules for every import, types included. */
  readonly everyImport: readonly IForbiddenRuleType[];
  /** Rules for imports that exist at run time. */
  readonly runTimeImports: readonly IForbiddenRuleType[];
}

/**
 * Finds imports that run against the one-way streets. Two passes: the parser for TypeScript does not tell
 * `import type` from `import`, so the second pass reads the sources with their types stripped.
 * @returns one line for each broken rule
 */
export async function brokenStreets(project: string, streets: Streets): Promise<string[]> {
  const scratch = await mkdtemp(join(tmpdir(), 'etiquette-lint-'));
  try {
    const stripped = join(scratch, 'stripped');
    const all = await cruise(project, streets.everyImport, join(scratch, 'every-import.json'));
    for (const { source, couldNotResolve } of all.modules) {
      const isOurs = source.endsWith('.ts') && !source.includes('node_modules/') && !couldNotResolve;
      if (isOurs) await stripTypes(project, stripped, source);
    }
    const atRunTime = await cruise(stripped, streets.runTimeImports, join(scratch, 'run-time.json'));
    return [...describe(all), ...describe(atRunTime)];
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** As a program of its own: its TypeScript parser does not load inside tsx. */
async function cruise(directory: string, forbidden: readonly IForbiddenRuleType[], rulesFile: string) {
  const configuration: IConfiguration = {
    forbidden: [...forbidden],
    options: {
      parser: 'swc',
      doNotFollow: { path: 'node_modules' },
      exclude: { path: '(^|/)(var|coverage|\\.node_modules-[^/]*)/' },
    },
  };
  await writeFile(rulesFile, JSON.stringify(configuration));
  const { stdout } = await promisify(execFile)(
    join(PROJECT, 'node_modules/.bin/depcruise'),
    ['.', '--config', rulesFile, '--output-type', 'json'],
    { cwd: directory, maxBuffer: 256 * 1024 * 1024, timeout: 120_000 },
  );
  return JSON.parse(stdout) as ICruiseResult;
}

async function stripTypes(from: string, to: string, source: string): Promise<void> {
  const { code } = await transform(await readFile(join(from, source), 'utf8'), {
    loader: 'ts',
    tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true } },
  });
  await mkdir(join(to, dirname(source)), { recursive: true });
  await writeFile(join(to, source), code);
}

const describe = ({ summary }: ICruiseResult): string[] =>
  summary.violations.map(({ rule, from, to, cycle }) => {
    const path = cycle ? cycle.map(({ name }) => name) : [packageOrFile(to)];
    return `${rule.name}: ${[from, ...path].join(' -> ')}`;
  });

const packageOrFile = (path: string): string =>
  /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? path;
