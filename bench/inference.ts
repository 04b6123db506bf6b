import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { readConfig } from '../config.ts';
import { writeRows } from '../data/read.ts';
import type { Bundle } from '../models/bundle/format.ts';
import { writeBundle } from '../models/bundle/write.ts';
import { family } from '../models/families.ts';
import { createMlProcess } from '../models/runtime/process.ts';
import { trainAndDeployInput } from '../temporal/inputs.ts';
import { benchCatalogue, type LabelledRow } from './catalogue.ts';
import { benchEncoder, benchFeatures, benchTextEncoder, oneFold, writeDataset } from './material.ts';
import type { Row } from './row.ts';

const PRODUCTS = 200;
const SEED = 42;
const WHOLE_FUSION = { kind: 'log-linear', textWeight: 0.7 } as const;

/**
 * What one product costs on one core, asked one by one: the median, text alone with and without its sentence
 * encoder, and the picture alone with decoding; and how large the bundle is that all of it comes from.
 */
export async function inference(say: (line: string) => void): Promise<Row[]> {
  const config = readConfig();
  const directory = await mkdtemp(join(tmpdir(), 'etiquette-bench-'));
  await useOneCore(say);
  const ml = createMlProcess({ name: 'inference', threads: 1 });
  try {
    const standard = family(trainAndDeployInput.parse({}).family);
    const catalogue = await benchCatalogue(config, say);
    const fold = oneFold(catalogue);
    const dataset = await writeDataset(join(directory, 'dataset'), catalogue, fold);
    const image = await benchEncoder(config, standard.image.encoder, say);
    const common = { family: standard.name, dataset, seed: SEED };
    say('The picture model.');
    const shards = await benchFeatures(standard, image, catalogue, {
      directory: join(config.VAR_DIR, 'bench', 'features'),
      ml,
    });
    const imageDirectory = join(directory, 'image');
    await ml.run('trainImage', { ...common, parameters: {}, shards, directory: imageDirectory });

    const time = async (version: string, rows: readonly LabelledRow[]): Promise<number> => {
      const file = join(directory, 'rows.ndjson');
      await writeRows(file, rows);
      const { milliseconds } = await ml.run('timeBundle', {
        bundle: join(directory, 'bundles', version),
        encoders: config.encoders,
        rows: file,
        picturesDirectory: catalogue.directory,
        products: PRODUCTS,
      });
      return milliseconds;
    };

    /** A bundle of the picture model and a text model trained with `parameters`. */
    const bundleWith = async (parameters: { encoder?: string }): Promise<Bundle> => {
      const name = parameters.encoder ?? 'encoder';
      say(`The text model, ${name === 'none' ? 'without' : 'with'} its sentence encoder.`);
      const text = await benchTextEncoder(config, standard, parameters, say);
      const textDirectory = join(directory, `text-${name}`);
      await ml.run('trainText', { ...common, ...text, parameters, directory: textDirectory });
      return writeBundle(join(directory, 'bundles'), {
        family: standard.name,
        text: {
          recipe: standard.text.name,
          parameters: standard.text.parameters(parameters),
          directory: join(textDirectory, 'model'),
        },
        image: {
          recipe: standard.image.name,
          parameters: standard.image.parameters({}),
          directory: join(imageDirectory, 'model'),
        },
        encoders: { image: referenceOf(image), text: text.encoder && referenceOf(text.encoder) },
        fusion: { ...WHOLE_FUSION, temperature: 1, textTemperature: 1, imageTemperature: 1 },
        ...{ lineage: null, metrics: null, golden: [], texts: {} },
        madeBy: { at: '', workflowId: null, runId: null, etiquette: config.RELEASE },
      });
    };

    const whole = await bundleWith({});
    const bare = await bundleWith({ encoder: 'none' });
    const texts = fold.train.map((row) => ({ ...row, picture: null }));
    const pictures = fold.train
      .filter(({ picture }) => picture !== null)
      .map((row) => ({ ...row, designation: '', description: '' }));
    say('Asking product by product.');
    const bytes = Object.values(whole.files).reduce((sum, file) => sum + file.bytes, 0);
    return [
      under(`${standard.name} text without its encoder`, 'ms', await time(bare.version, texts), 1),
      under(`${standard.name} text`, 'ms', await time(whole.version, texts), 8),
      under(`${standard.name} picture, decoding included`, 'ms', await time(bare.version, pictures), 10),
      under(`${standard.name} bundle`, 'MB', bytes / 1e6, 30),
    ];
  } finally {
    await ml.close();
    await rm(directory, { recursive: true, force: true });
  }
}

const referenceOf = ({ name, sha256, source }: Bundle['encoders']['image']) => ({ name, sha256, source });

function under(what: string, unit: string, ours: number, limit: number): Row {
  return {
    what,
    unit,
    ours,
    peer: null,
    ratio: null,
    target: `under ${limit} ${unit}`,
    ok: ours < limit,
  };
}

/** For this process and those that it starts from now on. Without taskset (not Linux) all cores count. */
async function useOneCore(say: (line: string) => void): Promise<void> {
  await promisify(execFile)('taskset', ['-cp', '0', `${process.pid}`]).catch(() =>
    say('There is no taskset here: the figures are those of all cores.'),
  );
}
