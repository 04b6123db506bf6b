import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { weightedF1 } from '../models/evaluation/bootstrap.ts';
import { family } from '../models/families.ts';
import { answersOf, labelsOf } from './cross-validation.ts';
import { FULL_SIZE, inventedRows } from './full-size.ts';
import { writeDataset } from './material.ts';
import { runPeer } from './peer.ts';
import type { Row } from './row.ts';
import { measured } from './usage.ts';

const SEED = 42;
const TESTED = 2_000;
const VALIDATED = 0.1;
const PEAK_MIB = 2_048;

interface PeerAnswer {
  readonly predictions: readonly (readonly number[])[];
  readonly seconds: { readonly vectorise: number; readonly fit: number };
}

/**
 * The n-gram text model, without encoder, on as many invented rows as the challenge has (BENCH_ROWS: fewer), and
 * scikit-learn's TF-IDF with LinearSVC on the same rows. Ours counts from the start of its process to the written
 * model, out-of-fold probabilities included; the peer counts vectorising and fitting alone. Both then answer the
 * same rows that neither has seen: time must not be bought with quality.
 */
export async function fullSizeTraining(directory: string, say: (line: string) => void): Promise<Row[]> {
  const count = Number(process.env.BENCH_ROWS || FULL_SIZE);
  const rows = inventedRows(count + TESTED);
  const labels = labelsOf(rows);
  const known = rows.slice(0, count);
  const tested = rows.slice(count);
  const validated = Math.round(count * VALIDATED);
  const dataset = await writeDataset(
    join(directory, 'full-size-rows'),
    { directory, rows },
    { train: known.slice(validated), validation: known.slice(0, validated), test: [] },
  );

  const { text } = family('ngram-efficientnet');
  const what = `n-gram training, ${count} rows`;
  say(`${what}.`);
  const home = join(directory, 'full-size');
  const ours = await measured(availableParallelism(), (ml) =>
    ml.run('trainText', {
      ...{ family: 'ngram-efficientnet', dataset, seed: SEED, parameters: {}, directory: home },
      ...{ encoder: null, featuresDirectory: join(home, 'features') },
    }),
  );
  say(`  ${ours.wallSeconds.toFixed(0)} s. Now scikit-learn.`);
  const model = await text.load(join(home, 'model'), null);
  const answers = answersOf(await model.predict(tested));
  model.dispose();

  const peer = await runPeer<PeerAnswer>(
    'linear_svc',
    {
      texts: rows.map(({ designation, description }) => `${designation} ${description}`),
      labels: [...labels],
      splits: [{ train: [...known.keys()], test: tested.map((_, place) => count + place) }],
    },
    say,
  );
  const { vectorise, fit } = peer.result.seconds;
  say(`  ${vectorise.toFixed(0)} s to vectorise, ${fit.toFixed(0)} s to fit.`);
  const f1 = (found: Int32Array) => weightedF1(labels.subarray(count), found);
  const row = (of: string, unit: string, a: number, b: number, target: string, ok: boolean): Row => ({
    ...{ what: `${what}${of}`, unit, ours: a, peer: b, ratio: a / b, target, ok },
  });
  const seconds = ours.wallSeconds;
  const mib = ours.peakRssBytes / 2 ** 20;
  const [ourF1, peerF1] = [f1(answers), f1(Int32Array.from(peer.result.predictions[0] ?? []))];
  return [
    row('', 's', seconds, vectorise + fit, 'at most 1 of peer', seconds <= vectorise + fit),
    row(': CPU', 's', ours.cpuSeconds, peer.cpuSeconds, '-', true),
    row(': peak memory', 'MiB', mib, peer.peakRssBytes / 2 ** 20, `under ${PEAK_MIB} MiB`, mib < PEAK_MIB),
    row(': unseen rows', 'F1', ourF1, peerF1, 'at least 0.99 of peer', ourF1 >= 0.99 * peerF1),
  ];
}
