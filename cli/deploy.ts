import { userInfo } from 'node:os';
import { parseArgs } from 'node:util';
import { readConfig } from '../config.ts';
import { EtiquetteError } from '../errors.ts';
import { connectClient } from '../temporal/connection.ts';
import type { DeployModelInput } from '../temporal/inputs.ts';
import { createPipeline } from '../temporal/pipeline.ts';

const USAGE = `Usage: npm run deploy -- VERSION [options]

Makes a bundle of the store serve: the API loads it beside the old one, checks it with its golden products and
switches. "npm run models" lists the versions.

  --reason TEXT     what the deployment history says
  --shadow SECONDS  first it answers a share of the requests unseen, beside the champion
  --canary SECONDS  then its answers to a share of the requests are given
  --share SHARE     of the requests, in both (default: 0.1)

It goes back by itself when it fails, is slow or, as shadow, disagrees too often.
`;

export async function main(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      reason: { type: 'string' },
      shadow: { type: 'string' },
      canary: { type: 'string' },
      share: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const [version, ...more] = positionals;
  if (!version || more.length > 0)
    throw new EtiquetteError('USAGE', 'Name one version: npm run deploy -- VERSION.');
  const { shadow, canary, share } = values;
  const rollout = {
    ...(shadow === undefined ? {} : { shadowSeconds: Number(shadow) }),
    ...(canary === undefined ? {} : { canarySeconds: Number(canary) }),
    ...(share === undefined ? {} : { share: Number(share) }),
  };
  return runDeployment({ version, reason: values.reason ?? 'npm run deploy', rollout });
}

/** Runs deployModel and prints what serves now. */
export async function runDeployment(input: DeployModelInput): Promise<number> {
  const config = readConfig();
  const client = await connectClient(config);
  try {
    const pipeline = createPipeline(async () => client, config.PIPELINE_TASK_QUEUE);
    const { version, replaced } = await pipeline.deploy({ by: userInfo().username, ...input });
    process.stdout.write(`${version} serves${replaced ? `, in place of ${replaced}` : ''}.\n`);
    return 0;
  } finally {
    await client.connection.close();
  }
}
