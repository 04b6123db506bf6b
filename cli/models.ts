import { parseArgs } from 'node:util';
import { readConfig } from '../config.ts';
import { readDeployments } from '../models/bundle/deployments.ts';
import { listBundles } from '../models/bundle/list.ts';

const USAGE = `Usage: npm run models [-- --json]

Lists the bundles in the store, which one serves, and who deployed what, when and why.
`;

export async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: { json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const config = readConfig();
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
