import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Context } from 'mocha';
import { parse } from 'yaml';
import { onPath } from '../../cli/setup/command.mjs';
import { PROJECT } from '../../config.ts';
import { skip } from '../support/skip.ts';

export const MONITORING = join(PROJECT, 'monitoring');

/** The path of the first of these programs that is installed; skips when none is. */
export function program(context: Context, ...names: readonly [string, ...string[]]): string {
  for (const name of names) {
    const path = onPath(name);
    if (path) return path;
  }
  return skip(
    context,
    `no ${names[0]}: apt-get install prometheus prometheus-alertmanager prometheus-node-exporter`,
  );
}

/** Runs a program to its end. */
export function run(command: string, args: readonly string[], input?: string) {
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd: MONITORING,
    encoding: 'utf8',
    timeout: 60_000,
    ...(input === undefined ? {} : { input }),
  });
  return { status, output: `${stdout}${stderr}` };
}

export interface Rule {
  readonly alert?: string;
  readonly record?: string;
  readonly expr: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface RuleTest {
  readonly promql_expr_test: readonly {
    readonly expr: string;
    readonly exp_samples: readonly { readonly labels: string }[];
  }[];
}

/** Every rule of every file in rules/. */
export function rules(): Rule[] {
  return yamlIn('prometheus/rules').flatMap((file) =>
    (file as { groups: { rules: Rule[] }[] }).groups.flatMap((group) => group.rules),
  );
}

export const alerts = () => rules().filter(({ alert }) => alert !== undefined);

/** Every test of every file in tests/. */
export function ruleTests(): RuleTest[] {
  return yamlIn('prometheus/tests').flatMap((file) => (file as { tests: RuleTest[] }).tests);
}

function yamlIn(folder: string): unknown[] {
  const directory = join(MONITORING, folder);
  return readdirSync(directory).map((name) => parse(readFileSync(join(directory, name), 'utf8')));
}

/** Every query of every committed dashboard, with where it stands. */
export function boardQueries(): { readonly where: string; readonly expr: string }[] {
  const directory = join(MONITORING, 'grafana/dashboards');
  return readdirSync(directory).flatMap((name) => {
    const { panels } = JSON.parse(readFileSync(join(directory, name), 'utf8')) as {
      panels: { title: string; targets?: { expr: string }[] }[];
    };
    return panels.flatMap(({ title, targets = [] }) =>
      targets.map(({ expr }) => ({ where: `${name}, ${title}`, expr })),
    );
  });
}

type Documented = ReadonlyMap<string, readonly string[]>;

/** Metrics and their labels, from the two tables of docs/monitoring.md. */
export function documentedMetrics(): [api: Documented, workers: Documented] {
  const docs = readFileSync(join(PROJECT, 'docs/monitoring.md'), 'utf8');
  const [api = '', workers = ''] = docs.split('| metric | labels | what |').slice(1);
  const table = (text: string) =>
    new Map(
      [...text.split('\n\n', 1)[0]!.matchAll(/^\| `(\w+)` \|([^|]*)\|/gm)].map(([, name, labels]) => [
        `${name}`,
        `${labels}`
          .trim()
          .split(', ')
          .filter((label) => label !== ''),
      ]),
    );
  return [table(api), table(workers)];
}
