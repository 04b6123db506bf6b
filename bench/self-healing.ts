import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Config, readConfig } from '../config.ts';
import { TYPE_CODES } from '../data/type-codes.ts';
import { EtiquetteError } from '../errors.ts';
import { readBundle } from '../models/bundle/load.ts';
import { compareAnswers, weightedF1 } from '../models/evaluation/bootstrap.ts';
import { family } from '../models/families.ts';
import { trainAndDeployInput } from '../temporal/inputs.ts';
import { startTraining } from '../temporal/training.ts';
import { type Stack, startStack } from '../test/support/stack.ts';
import { benchCatalogue, CHALLENGE_NAMES, type LabelledRow } from './catalogue.ts';
import { CHANGES } from './drift/changes.ts';
import { benchEncoder, benchTextEncoder } from './material.ts';
import type { Row } from './row.ts';
import { type Answered, createClient } from './self-healing/client.ts';
import { type Healed, heal } from './self-healing/heal.ts';
import { type Parts, partsOf } from './self-healing/parts.ts';
import { writeCatalogue } from './self-healing/write-catalogue.ts';

const CHANGE = 'half of the words unheard of';
const changed = (row: LabelledRow): LabelledRow => ({ ...row, ...CHANGES[CHANGE]?.text?.(row) });

/** What the environment may name, and this installation must not reach. */
const NOTHING_OUTSIDE = {
  DATABASE_URL: '',
  API_REPLICAS: '',
  NOTIFY_URL: '',
  OTEL_EXPORTER_OTLP_ENDPOINT: '',
};

/**
 * The whole way of a stream that changes, on an installation of its own: a champion of half of the catalogue answers the
 * other half as it is, then changed. People judge two products in three of it; the watch over the stream does the rest.
 * Before and after, the API is asked about the last third, whose products no training has seen.
 */
export async function selfHealing(say: (line: string) => void): Promise<Row[]> {
  const config = readConfig();
  const catalogue = await benchCatalogue(config, say);
  const directory = await mkdtemp(join(tmpdir(), 'etiquette-bench-'));
  let stack: Stack | undefined;
  try {
    await giveEncoders(config, join(directory, 'var'), say);
    const parts = partsOf(catalogue.rows);
    const source = join(directory, 'half');
    await writeCatalogue(source, { ...catalogue, rows: parts.learned });
    const password = randomBytes(24).toString('base64url');
    say('Starting Temporal, workers and API.');
    stack = await startStack(directory, ['pipeline', 'training', 'api'], {
      ...{ ...CHALLENGE_NAMES, ...NOTHING_OUTSIDE, KEEP_PREDICTIONS: 'on' },
      ...{ LOG_LEVEL: 'info', TEST_USER_PASSWORD: password, ACCESS_TOKEN_EXPIRE_MINUTES: '600' },
    });
    say(`Training a champion on ${parts.learned.length} products.`);
    const training = await startTraining(stack.client, stack.queue, { catalogue: source });
    const { outcome, reason } = await training.result();
    if (outcome !== 'deployed') throw new EtiquetteError('BENCHMARK_RUN_FAILED', `No champion: ${reason}`);
    say(`  ${outcome}: ${reason}`);
    const user = { username: stack.env.TEST_USER ?? '', password };
    const client = await createClient(stack.apiUrl, user, catalogue);
    return await rowsOf(await heal(stack, client, parts, changed, say), parts, directory);
  } finally {
    await stack?.close();
    await rm(directory, { recursive: true, force: true });
  }
}

/** They are fetched once, for every bench and the project. */
async function giveEncoders(config: Config, varDirectory: string, say: (line: string) => void) {
  const own = family(trainAndDeployInput.parse({}).family);
  await benchEncoder(config, own.image.encoder, say);
  await benchTextEncoder(config, own, {}, say);
  await mkdir(varDirectory);
  await symlink(config.encoders, join(varDirectory, 'encoders'));
}

async function rowsOf(
  { unchanged, noticed, retraining }: Healed,
  { judged, asked }: Parts,
  directory: string,
): Promise<Row[]> {
  const isAlarm = ({ level }: Healed['noticed']) => level === 'alert' || level === 'retrain';
  const products = judged.length + asked.length;
  const found = [
    exactly(`${products} products as they were: alarms`, Number(isAlarm(unchanged)), 0),
    exactly(`${CHANGE}, ${products} products: alarms of the first check`, Number(isAlarm(noticed)), 1),
    exactly('trainings that four checks of it started', retraining?.trainings ?? 0, 1),
  ];
  if (retraining === null) return found;
  const { bundle, passed, before, after, last } = retraining;
  const { lineage } = await readBundle(join(directory, 'var', 'bundles', bundle));
  const corrected = new Set(judged.map(changed).map(contentOf)).size;
  return [
    ...found,
    exactly('products that people judged, in its lineage', lineage?.corrections?.rows ?? 0, corrected),
    exactly(
      `passed the gate, on ${lineage?.counts?.test.rows ?? 0} test rows (0: deployed by hand)`,
      Number(passed),
      1,
    ),
    lead(before, after),
    shown(
      `the changed stream again, ${asked.length} products: alarms against the new reference`,
      Number(isAlarm(last)),
    ),
  ];
}

const contentOf = ({ designation, description, picture }: LabelledRow) =>
  JSON.stringify([designation, description, picture?.sha256 ?? null]);

function exactly(what: string, ours: number, wanted: number): Row {
  return { what, unit: '', ours, peer: null, ratio: null, target: `${wanted}`, ok: ours === wanted };
}

function shown(what: string, ours: number): Row {
  return { what, unit: '', ours, peer: null, ratio: null, target: '-', ok: true };
}

function lead(before: readonly Answered[], after: readonly Answered[]): Row {
  const indexes = (codes: readonly number[]) =>
    Int32Array.from(codes, (code) => (TYPE_CODES as readonly number[]).indexOf(code));
  const labels = indexes(after.map(({ row }) => row.code));
  const [ours, peer] = [after, before].map((answers) => indexes(answers.map(({ code }) => code))) as [
    Int32Array,
    Int32Array,
  ];
  const { low, high } = compareAnswers(labels, ours, peer).lead;
  const points = (value: number) => (100 * value).toFixed(1);
  const [f1, before1] = [weightedF1(labels, ours), weightedF1(labels, peer)];
  return {
    what: `weighted F1 on ${labels.length} changed products that nobody judged (peer: before it), lead ${points(low)} to ${points(high)} points`,
    ...{ unit: '', ours: f1, peer: before1, ratio: f1 / before1 },
    ...{ target: 'lead above 0', ok: low > 0 },
  };
}
