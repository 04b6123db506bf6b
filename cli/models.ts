import { parseArgs } from 'node:util';
import { readConfig } from '../config.ts';
import { EtiquetteError } from '../errors.ts';
import { readDeployments, servedAt } from '../models/bundle/deployments.ts';
import { listBundles } from '../models/bundle/list.ts';

const USAGE = `Usage: npm run models [-- --at TIME] [--json]

Lists the bundles in the store, which one serves, and who deployed what, when and why.

  --at TIME   only which bundle served then, such as 2026-01-31T12:00 (this machine's time) or 2026-01-31T12:00Z (UTC)
`;

export async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: { at: { type: 'string' }, json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const config = readConfig();
  if (values.at !== undefined) return served(config.deployments, values.at, values.json ?? false);
  const bundles = await listBundles(config.bundles);
  const deployments = await readDeployments(config.deployments);
  const champion = deployments.at(-1)?.version ?? null;
  if (values.json) {
    process.stdout.write(`${JSON.stringify({ champion, bundles, deployments })}\n`);
    return 0;
  }
  if (bundles.length === 0) process.stdout.write('No bundle yet: "npm run train" makes one.\n');
  for (const { version, family, metrics, lineage, madeBy } of bundles) {
    const figure = metrics
      ? `weighted F1 ${metrics.fused.weightedF1.toFixed(3)} (n ${metrics.n})`
      : 'imported';
    const mark = version === champion ? '*' : ' ';
    const dataset = lineage ? `dataset ${lineage.datasetVersion}` : '';
    process.stdout.write(`${mark} ${version}  ${family}  ${figure}  ${dataset}  ${madeBy.at}\n`);
  }
  if (deployments.length > 0) process.stdout.write('\nDeployments, newest first (* serves):\n');
  for (const { version, at, by, reason, kind } of [...deployments].reverse()) {
    process.stdout.write(`  ${at}  ${kind}  ${version}  by ${by}: ${reason}\n`);
  }
  return 0;
}

/** Says which bundle served at a moment. */
async function served(file: string, at: string, asJson: boolean): Promise<number> {
  const time = new Date(at);
  if (Number.isNaN(time.getTime())) {
    throw new EtiquetteError('USAGE', `--at ${at} is no time: write it as 2026-01-31T12:00.`);
  }
  const service = servedAt(await readDeployments(file), time);
  if (asJson) process.stdout.write(`${JSON.stringify({ at: time.toISOString(), served: service })}\n`);
  else if (service === null) process.stdout.write(`Nothing served at ${time.toISOString()}.\n`);
  else {
    const { version, from, to, kind, by, reason } = service;
    const until = to === null ? 'and serves still' : `until ${to}`;
    process.stdout.write(`${version} served at ${time.toISOString()}: from ${from} ${until}.\n`);
    process.stdout.write(`  ${kind} by ${by}: ${reason}\n`);
  }
  return 0;
}
