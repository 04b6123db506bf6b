import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { WorkflowFailedError } from '@temporalio/client';
import { PREDICTION_FORMATS } from '../activities/predict.ts';
import { readConfig } from '../config.ts';
import { EtiquetteError } from '../errors.ts';
import { connectClient } from '../temporal/connection.ts';
import { type PredictCatalogueResult, WORKFLOWS } from '../temporal/contracts.ts';
import type { PredictCatalogueInput } from '../temporal/inputs.ts';
import { reasonOf } from '../temporal/reason.ts';
import { sourceOf } from './train.ts';

const USAGE = `Usage: npm run predict -- --catalogue DIR --out FILE [options]

Predicts a whole catalogue through the workflow predictCatalogue, shard by shard on every training worker.

  --catalogue DIR_OR_URL  where the products are
  --out FILE              ${PREDICTION_FORMATS.join(', ')}; .json is the original's {row: code}
  --part train|test       which rows (default: X_test where there is one)
  --model VERSION         default: the champion
`;

export async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      catalogue: { type: 'string' },
      out: { type: 'string' },
      part: { type: 'string' },
      model: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  if (!values.catalogue || !values.out)
    throw new EtiquetteError('USAGE', 'Name --catalogue DIR and --out FILE.');
  if (!PREDICTION_FORMATS.some((ending) => values.out?.endsWith(ending))) {
    throw new EtiquetteError('USAGE', `--out must end in ${PREDICTION_FORMATS.join(', ')}.`);
  }
  const input: PredictCatalogueInput = {
    catalogue: sourceOf(values.catalogue),
    out: resolve(process.env.INIT_CWD ?? '.', values.out),
    part: (values.part ?? null) as 'train' | 'test' | null,
    bundle: values.model ?? null,
  };
  const config = readConfig();
  const client = await connectClient(config);
  try {
    const result: PredictCatalogueResult = await client.workflow.execute(WORKFLOWS.predictCatalogue, {
      workflowId: `predict-catalogue/${new Date().toISOString()}`,
      taskQueue: config.PIPELINE_TASK_QUEUE,
      args: [input],
    });
    process.stdout.write(
      `${result.rows} products (${result.pictures} with a picture), bundle ${result.bundle}: ${result.out}\n`,
    );
    for (const warning of result.warnings) process.stderr.write(`Warning: ${warning}\n`);
    return 0;
  } catch (error) {
    if (!(error instanceof WorkflowFailedError)) throw error;
    process.stderr.write(`${reasonOf(error)}\n`);
    return 1;
  } finally {
    await client.connection.close();
  }
}
