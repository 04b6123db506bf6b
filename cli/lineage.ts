import { parseArgs } from 'node:util';
import { openDatabase } from '../api/database/open.ts';
import { createPredictions } from '../api/database/predictions.ts';
import { readConfig } from '../config.ts';
import { EtiquetteError } from '../errors.ts';
import { lineageSources } from '../models/lineage/sources.ts';
import { createTrace } from '../models/lineage/trace.ts';
import { lineageTree } from '../models/lineage/tree.ts';
import { runPage } from '../temporal/page.ts';

const USAGE = `Usage: npm run lineage -- ID [--json]

What an id came from and what came of it: predictions, bundle, training run in Temporal and in MLflow, dataset and
its versions in DVC, and when the bundle served.

  ID       of a prediction; version of a bundle, a dataset or a batch prediction; run id of Temporal or of MLflow
  --json   print one JSON line
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
  const [id, ...more] = positionals;
  if (!id || more.length > 0) throw new EtiquetteError('USAGE', 'Give one id: npm run lineage -- ID.');
  const config = readConfig();
  const database = await openDatabase(config.database);
  try {
    const trace = createTrace(
      lineageSources(config, {
        predictions: createPredictions(database),
        page: (...run) => runPage(config, ...run),
      }),
    );
    const lineage = await trace(id);
    process.stdout.write(values.json ? `${JSON.stringify(lineage)}\n` : lineageTree(lineage));
    return 0;
  } finally {
    await database.destroy();
  }
}
