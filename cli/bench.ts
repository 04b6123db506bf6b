import { parseArgs } from 'node:util';
import { BENCHMARKS } from '../bench/index.ts';
import type { Row } from '../bench/row.ts';
import { EtiquetteError } from '../errors.ts';

const USAGE = `Usage: npm run bench -- NAME [--json]

Measures, and compares with a peer in the same run. The exit code is 0 only when every row meets its target.

${Object.entries(BENCHMARKS)
  .map(([name, { says }]) => `  ${name.padEnd(16)}${says}`)
  .join('\n')}
`;

export async function main(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const [name = ''] = positionals;
  const benchmark = BENCHMARKS[name];
  if (!benchmark) {
    throw new EtiquetteError('USAGE', `Name a benchmark: ${Object.keys(BENCHMARKS).join(', ')}.`);
  }
  const rows = await benchmark.run((line) => process.stderr.write(`${line}\n`));
  process.stdout.write(values.json ? `${JSON.stringify({ name, rows })}\n` : table(rows));
  return rows.every(({ ok }) => ok) ? 0 : 1;
}

function table(rows: readonly Row[]): string {
  const cells = rows.map(({ what, unit, ours, peer, ratio, target, ok }) => [
    what,
    `${figure(ours)} ${unit}`,
    peer === null ? '-' : `${figure(peer)} ${unit}`,
    ratio === null ? '-' : figure(ratio),
    target,
    ok ? 'ok' : 'MISSED',
  ]);
  const lines = [['what', 'ours', 'peer', 'ratio', 'target', ''], ...cells];
  const widths =
    lines[0]?.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0))) ?? [];
  return lines.map((line) => `${line.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join('  ')}\n`).join('');
}

function figure(value: number): string {
  return Number.isInteger(value) ? `${value}` : value.toPrecision(3);
}
