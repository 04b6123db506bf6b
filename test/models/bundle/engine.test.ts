import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import type { DatasetRow } from '../../../data/catalogue.ts';
import { random } from '../../../data/random.ts';
import { writeRows } from '../../../data/read.ts';
import { TYPE_CODES } from '../../../data/type-codes.ts';
import { chooseEngine } from '../../../models/bundle/engine-job.ts';
import { readBundle } from '../../../models/bundle/load.ts';
import { CLASSES, copyRow } from '../../../models/bundle/rows.ts';
import { readScores, type Scores, writeScores } from '../../../models/bundle/scores.ts';
import { writeBundle } from '../../../models/bundle/write.ts';
import { topClass } from '../../../models/evaluation/rows.ts';
import type { Fusion } from '../../../models/fusion/fuse.ts';
import { saveVgg16Encoder } from '../../../models/image/vgg16/encoder-file.ts';
import { initialHead } from '../../../models/image/vgg16/head.ts';
import { saveVgg16Head } from '../../../models/image/vgg16/model.ts';
import { vgg16Parameters } from '../../../models/image/vgg16/parameters.ts';
import { vgg16 } from '../../../models/image/vgg16/recipe.ts';
import type { ChooseEngineInput, JobContext } from '../../../models/runtime/jobs.ts';
import { slimVgg16 } from '../image/slim-vgg16.ts';

const SIZE = 64;
const context: JobContext = { signal: new AbortController().signal, progress() {} };
const FUSION: Fusion = {
  kind: 'convex',
  textWeight: 0.1,
  temperature: 1,
  textTemperature: 1,
  imageTemperature: 1,
};
const ROWS = 20;

const apart = (one: Float32Array, other: Float32Array) =>
  Math.max(...one.map((value, place) => Math.abs(value - other[place]!)));

describe('choosing the engine of a picture model', function () {
  this.timeout(30_000);
  let folder: string;
  let input: ChooseEngineInput;
  let float: Scores;
  let rows: DatasetRow[];
  const at = (name: string) => join(folder, name);

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'engine-'));
    await mkdir(at('images'));
    const encoder = await saveVgg16Encoder(slimVgg16(16), at('encoders'), 'random');
    await saveVgg16Head(at('image'), {
      parameters: vgg16Parameters({ size: SIZE, hidden: 16, standardise: false }),
      weights: initialHead(2 * 2 * 16, 16, 1),
      scaler: null,
    });
    const draw = (count: number, name: string) =>
      Promise.all(
        Array.from({ length: count }, (_, number) => rowOf(`${name}${number}`, `${name}${number}`)),
      );
    const drawn = await draw(3 * ROWS, 't');
    const said = await answersOf(at('image'), encoder.file, drawn);
    const answer = (row: number) => said.subarray(row * CLASSES, (row + 1) * CLASSES);
    const lead = (row: number) => {
      const [most = 0, next = 0] = [...answer(row)].sort((one, other) => other - one);
      return most - next;
    };
    // The surest: a random head leaves many pictures between two codes, where any rounding decides.
    const sure = [...drawn.keys()].sort((one, other) => lead(other) - lead(one)).slice(0, ROWS);
    rows = sure.map((row) => ({ ...(drawn[row] as DatasetRow), code: TYPE_CODES[topClass(said, row)]! }));
    float = {
      text: new Float32Array(ROWS * CLASSES).fill(1 / CLASSES),
      image: Float32Array.from(sure.flatMap((row) => [...answer(row)])),
      hasText: new Float32Array(ROWS),
      hasPicture: new Float32Array(ROWS).fill(1),
      labels: Float32Array.from(sure, (row) => topClass(said, row)),
    };
    await writeScores(at('float.safetensors'), float);
    await writeRows(at('calibration.ndjson'), await draw(8, 'c'));
    await writeRows(at('rows.ndjson'), rows);
    input = {
      ...{ family: 'lstm-vgg16', imageModel: at('image'), encoder, fusion: FUSION },
      ...{ calibration: at('calibration.ndjson'), rows: at('rows.ndjson'), picturesDirectory: folder },
      ...{ scores: at('float.safetensors'), directory: at('chosen') },
    };
  });
  after(() => rm(folder, { recursive: true }));

  /** A row with a picture of shades by chance, or of one colour. */
  async function rowOf(name: string, seed: string, plain?: string): Promise<DatasetRow> {
    const next = random(9, 'engine', seed);
    const colour = () => `rgb(${[next(), next(), next()].map((one) => Math.round(255 * one)).join()})`;
    const [from, to] = plain ? [plain, plain] : [colour(), colour()];
    const shades = `<svg width="80" height="80"><defs><linearGradient id="g" x2="${next()}" y2="1"><stop stop-color="${from}"/><stop offset="1" stop-color="${to}"/></linearGradient></defs><rect width="80" height="80" fill="url(#g)"/></svg>`;
    const bytes = await sharp(Buffer.from(shades)).png().toBuffer();
    const file = `images/${name}.png`;
    await writeFile(at(file), bytes);
    const picture = { file, sha256: createHash('sha256').update(bytes).digest('hex') };
    return {
      ...{ row: name, designation: '', description: '', productId: name, imageId: name },
      ...{ code: TYPE_CODES[0]!, picture },
    };
  }

  it('takes the one in 8 bits where its answers score as those in float, and says how alike they are', async () => {
    const { engine, quick } = (await chooseEngine(input, context))!;
    assert.ok(quick);
    assert.equal(engine.name, 'onnxruntime-int8');
    const { engine: compared, pictures, samePictureCodes } = engine.compared;
    assert.deepEqual([compared, pictures, samePictureCodes], ['onnxruntime-int8', ROWS, 1]);
    const scores = await readScores(at('chosen/scores.safetensors'));
    assert.ok(apart(scores.image, float.image) > 1e-5, 'it is another engine');
    assert.deepEqual(scores.text, float.text);
  });

  it('makes the same bytes of the same pictures in another order', async () => {
    const lines = (await readFile(input.calibration, 'utf8')).trimEnd().split('\n');
    await writeFile(at('turned.ndjson'), `${lines.reverse().join('\n')}\n`);
    await chooseEngine({ ...input, calibration: at('turned.ndjson'), directory: at('again') }, context);
    const read = (name: string) => readFile(at(`${name}/model/convolutions.onnx`));
    assert.ok((await read('again')).equals(await read('chosen')));
  });

  it('refuses it where the answers differ: calibrated on black pictures it cuts all others', async () => {
    await writeRows(at('black.ndjson'), [await rowOf('black', '', 'rgb(103,116,123)')]);
    const hostile = { ...input, calibration: at('black.ndjson'), directory: at('refused') };
    const { engine, quick } = (await chooseEngine(hostile, context))!;
    assert.equal(quick, false);
    assert.equal(engine.name, 'tensorflow');
    assert.ok(engine.compared.picturePoints < -0.2, `${engine.compared.picturePoints}`);
    assert.equal(existsSync(at('refused/model')), false);
  });

  it('stops when it is told to', async () => {
    const stopped = { ...context, signal: AbortSignal.abort(new Error('stopped')) };
    await assert.rejects(chooseEngine({ ...input, directory: at('stopped') }, stopped), /stopped/);
  });

  it('is kept with the bundle, which serves with it', async () => {
    const { engine } = (await chooseEngine(input, context))!;
    await mkdir(at('text'), { recursive: true });
    const parts = {
      family: 'lstm-vgg16',
      text: { recipe: 'lstm', parameters: {}, directory: at('text') },
      image: { recipe: 'vgg16', parameters: {}, directory: at('chosen/model'), engine },
      encoders: { image: { name: 'vgg16', sha256: input.encoder.sha256, source: 'a test' }, text: null },
      ...{ fusion: FUSION, lineage: null, metrics: null, golden: [], texts: {} },
      madeBy: { at: '2025-01-01T00:00:00Z', workflowId: null, runId: null, etiquette: 'test' },
    };
    const { version } = await writeBundle(at('bundles'), parts);
    const bundle = await readBundle(at(`bundles/${version}`));
    assert.deepEqual(bundle.image.engine, engine);
    assert.ok('image/convolutions.onnx' in bundle.files);
    const served = await answersOf(at(`bundles/${version}/image`), input.encoder.file, rows);
    const { image: judged } = await readScores(at('chosen/scores.safetensors'));
    assert.ok(apart(served, judged) < 1e-6);
    assert.ok(apart(served, float.image) > 1e-5, 'it is another engine');
  });

  it('gives way to TensorFlow, and says so, where onnxruntime cannot run it', async () => {
    await cp(at('chosen/model'), at('unusable'), { recursive: true });
    await writeFile(at('unusable/convolutions.onnx'), 'not for this host');
    const warned: string[] = [];
    const warn = console.warn;
    console.warn = (line: string) => warned.push(line);
    try {
      assert.ok(apart(await answersOf(at('unusable'), input.encoder.file, rows), float.image) < 1e-6);
    } finally {
      console.warn = warn;
    }
    assert.match(warned.join(), /onnxruntime-int8 does not run here, TensorFlow computes instead/);
  });

  /** What a model's folder says about the pictures of rows. */
  async function answersOf(
    directory: string,
    encoder: string,
    of: readonly DatasetRow[],
  ): Promise<Float32Array> {
    const model = await vgg16.load(directory, encoder);
    const said = new Float32Array(of.length * CLASSES);
    for (const [row, { picture }] of of.entries()) {
      const pixels = await model.prepare(await readFile(at(picture!.file)));
      copyRow(await model.classify(await model.encode([pixels]), 1), 0, said, row);
    }
    model.dispose();
    return said;
  }
});
