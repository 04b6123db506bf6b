import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import type { PictureRef } from '../../../data/catalogue.ts';
import { openFeatures, planShards } from '../../../models/image/features.ts';
import { decodePicture } from '../../../models/image/picture.ts';
import { createVgg16Encoder } from '../../../models/image/vgg16/encoder.ts';
import { saveVgg16Encoder } from '../../../models/image/vgg16/encoder-file.ts';
import { vgg16 } from '../../../models/image/vgg16/recipe.ts';
import type { FeatureShard, JobContext, JobProgress } from '../../../models/runtime/jobs.ts';
import { readSafetensors } from '../../../models/runtime/safetensors.ts';
import { tensorflow } from '../../../models/runtime/tensorflow.ts';
import { slimVgg16 } from './slim-vgg16.ts';

const PICTURES = 40;
const parameters = vgg16.parameters({ size: 32 });

const context = (
  onProgress: (progress: JobProgress) => void = () => {},
  signal = new AbortController().signal,
): JobContext => ({
  signal,
  progress: onProgress,
});

describe('picture features', () => {
  let folder: string;
  let pictures: PictureRef[];
  let encoder: { name: string; file: string; sha256: string; source: string };

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'features-'));
    await mkdir(join(folder, 'images'));
    pictures = await Promise.all(Array.from({ length: PICTURES }, (_, number) => draw(number)));
    encoder = { name: 'vgg16', ...(await saveVgg16Encoder(slimVgg16(), join(folder, 'encoders'), 'random')) };
  });
  after(() => rm(folder, { recursive: true }));

  async function draw(number: number): Promise<PictureRef> {
    const file = `images/${number}.png`;
    const background = { r: (number * 37) % 256, g: (number * 91) % 256, b: (number * 13) % 256 };
    const bytes = await sharp({ create: { width: 40, height: 30, channels: 3, background } })
      .png()
      .toBuffer();
    await writeFile(join(folder, file), bytes);
    return { file, sha256: createHash('sha256').update(bytes).digest('hex') };
  }
  const plan = (list: readonly PictureRef[], directory: string, code = 'one') =>
    planShards(list, { directory: join(folder, directory), encoder, parameters, code, shardSize: 16 });
  const compute = (shard: FeatureShard, jobContext = context()) =>
    vgg16.computeFeatures(
      { family: 'lstm-vgg16', parameters, encoder, picturesDirectory: folder, shard },
      jobContext,
    );
  const files = (shards: readonly FeatureShard[]) => shards.map(({ file }) => file);
  const oneShard = (directory: string): FeatureShard => ({
    file: join(folder, directory, 'shard.safetensors'),
    pictures,
  });

  describe('the plan of shards', () => {
    it('holds every picture once, in shards of the size asked for', async () => {
      const { ready, missing } = await plan([...pictures, pictures[3]!], 'plan-a');
      assert.deepEqual(ready, []);
      assert.deepEqual(
        missing.map((shard) => shard.pictures.length),
        [16, 16, 8],
      );
      const planned = missing.flatMap((shard) => shard.pictures.map(({ sha256 }) => sha256));
      assert.deepEqual(planned, pictures.map(({ sha256 }) => sha256).sort());
    });
    it('is the same in whatever order the pictures come', async () => {
      assert.deepEqual(await plan(pictures.toReversed(), 'plan-b'), await plan(pictures, 'plan-b'));
    });
    it('after a stop plans the same shards again, less the finished ones', async () => {
      const first = await plan(pictures, 'plan-c');
      await compute(first.missing[1]!);
      const second = await plan(pictures, 'plan-c');
      assert.deepEqual(files(second.ready), [first.missing[1]!.file]);
      assert.deepEqual(second.missing, [first.missing[0], first.missing[2]]);
      assert.notEqual(second.key, first.key);
    });
    it('for a grown catalogue plans only the new pictures', async () => {
      for (const shard of (await plan(pictures.slice(0, 30), 'plan-d')).missing) await compute(shard);
      const { ready, missing } = await plan(pictures, 'plan-d');
      assert.equal(ready.flatMap((shard) => shard.pictures).length, 30);
      assert.deepEqual(
        missing.flatMap((shard) => shard.pictures),
        pictures.slice(30).sort((a, b) => (a.sha256 < b.sha256 ? -1 : 1)),
      );
    });
    it('takes no features of another preprocessing or of other code', async () => {
      for (const shard of (await plan(pictures, 'plan-e')).missing) await compute(shard);
      assert.equal((await plan(pictures, 'plan-e')).missing.length, 0);
      assert.equal((await plan(pictures, 'plan-e', 'two')).ready.length, 0);
      const raw = vgg16.parameters({ size: 32, mode: 'raw' });
      const other = { directory: join(folder, 'plan-e'), encoder, parameters: raw, code: 'one' };
      assert.equal((await planShards(pictures, other)).ready.length, 0);
      const head = vgg16.parameters({ size: 32, hidden: 8 });
      assert.equal((await planShards(pictures, { ...other, parameters: head })).missing.length, 0);
    });
  });

  describe('the computation of a shard', () => {
    it('gives each picture what the encoder makes of it, in a file that other tools read', async () => {
      const shard = oneShard('compute-a');
      assert.deepEqual(await compute(shard), { computed: PICTURES });
      const direct = createVgg16Encoder(await tensorflow(), slimVgg16(), 32);
      const array = (await readSafetensors(shard.file)).features!;
      assert.deepEqual(array.shape, [PICTURES, direct.featureSize]);
      for (const row of [0, 17, 39]) {
        const pixels = await decodePicture(await readFile(join(folder, pictures[row]!.file)), {
          size: 32,
          mode: 'caffe',
          resize: 'lanczos',
        });
        const expected = direct.encode([pixels]);
        assert.deepEqual(array.data.slice(row * expected.length, (row + 1) * expected.length), expected);
      }
      direct.dispose();
      assert.deepEqual((await readdir(join(folder, 'compute-a'))).sort(), [
        'shard.safetensors',
        'shard.safetensors.log.jsonl',
      ]);
    });

    it('does nothing when the shard is there', async () => {
      const shard = oneShard('compute-a');
      assert.deepEqual(await compute(shard), { computed: 0 });
    });

    it('stopped in the middle goes on after the last whole batch, and ends with the same bytes', async () => {
      const shard = oneShard('compute-b');
      const stop = new AbortController();
      const stopAfterOne = context(() => stop.abort(new Error('stopped')), stop.signal);
      await assert.rejects(compute(shard, stopAfterOne), /stopped/);
      assert.deepEqual(await readdir(join(folder, 'compute-b')), [
        'shard.safetensors.log.jsonl',
        'shard.safetensors.partial',
      ]);
      assert.deepEqual(await compute(shard), { computed: PICTURES - 16 });
      assert.deepEqual(await readFile(shard.file), await readFile(oneShard('compute-a').file));
      const log = (await readFile(`${shard.file}.log.jsonl`, 'utf8')).trim().split('\n');
      assert.deepEqual(
        log.map((line) => JSON.parse(line)).map(({ from, to }) => [from, to]),
        [
          [0, 16],
          [16, 32],
          [32, 40],
        ],
      );
    });

    const cuts = {
      'in a row': { at: (size: number) => size - 100, again: PICTURES - 32 },
      'in the header': { at: () => 100, again: PICTURES },
      'before the header': { at: () => 0, again: PICTURES },
    };
    for (const [what, { at, again }] of Object.entries(cuts)) {
      it(`killed while it wrote ${what} ends with the same bytes`, async () => {
        const shard = oneShard(`compute ${what}`);
        await mkdir(join(folder, `compute ${what}`));
        await copyFile(oneShard('compute-a').file, `${shard.file}.partial`);
        await truncate(`${shard.file}.partial`, at((await stat(`${shard.file}.partial`)).size));
        assert.deepEqual(await compute(shard), { computed: again });
        assert.deepEqual(await readFile(shard.file), await readFile(oneShard('compute-a').file));
      });
    }

    it('killed before the last rename computes nothing again', async () => {
      const shard = oneShard('compute-whole');
      await mkdir(join(folder, 'compute-whole'));
      await copyFile(oneShard('compute-a').file, `${shard.file}.partial`);
      assert.deepEqual(await compute(shard), { computed: 0 });
      assert.deepEqual(await readFile(shard.file), await readFile(oneShard('compute-a').file));
    });

    it('starts again when the unfinished file is of other pictures', async () => {
      const shard = oneShard('compute-other');
      await mkdir(join(folder, 'compute-other'));
      await copyFile(oneShard('compute-a').file, `${shard.file}.partial`);
      const fewer = { ...shard, pictures: pictures.slice(0, 20) };
      assert.deepEqual(await compute(fewer), { computed: 20 });
    });

    const failing: Record<string, { code: string; spoil: (file: string) => Promise<PictureRef> }> = {
      'is gone': { code: 'PICTURE_MISSING', spoil: async (file) => ({ file, sha256: 'a'.repeat(64) }) },
      'was changed': {
        code: 'PICTURE_CHANGED',
        spoil: async (file) => {
          await writeFile(join(folder, file), 'other');
          return { file, sha256: 'a'.repeat(64) };
        },
      },
      'cannot be decoded': {
        code: 'PICTURE_UNREADABLE',
        spoil: async (file) => {
          const bytes = (await readFile(join(folder, pictures[0]!.file))).subarray(0, 60);
          await writeFile(join(folder, file), bytes);
          return { file, sha256: createHash('sha256').update(bytes).digest('hex') };
        },
      },
    };
    for (const [what, { code, spoil }] of Object.entries(failing)) {
      it(`names a picture that ${what}: ${code}`, async () => {
        const bad = await spoil(`images/bad-${code}.png`);
        const shard = { ...oneShard(`compute-${code}`), pictures: [...pictures.slice(0, 20), bad] };
        await assert.rejects(compute(shard), (error: Error & { code: string; retryable: boolean }) => {
          assert.deepEqual([error.code, error.retryable], [code, false]);
          assert.match(error.message, new RegExp(`bad-${code}`));
          return true;
        });
      });
    }

    it('refuses another encoder than the one planned with', async () => {
      const shard = oneShard('compute-encoder');
      const other = { ...encoder, sha256: 'b'.repeat(64) };
      const input = { family: 'lstm-vgg16', parameters, encoder: other, picturesDirectory: folder, shard };
      await assert.rejects(vgg16.computeFeatures(input, context()), { code: 'ENCODER_CHANGED' });
    });
  });

  describe('the reader', () => {
    it('gives rows by picture, in any order, from any shard', async () => {
      const { missing } = await plan(pictures, 'read-a');
      for (const shard of missing) await compute(shard);
      const features = await openFeatures(missing);
      const all = (await readSafetensors(oneShard('compute-a').file)).features!;
      const rowOf = (row: number) => [
        ...all.data.slice(row * features.featureSize, (row + 1) * features.featureSize),
      ];
      const asked = [39, 0, 20, 0];
      const found = await features.read(asked.map((row) => pictures[row]!.sha256));
      assert.deepEqual([...found], asked.flatMap(rowOf));
      assert.equal(features.encoder, encoder.sha256);
      await assert.rejects(features.read(['c'.repeat(64)]), { code: 'FEATURES_MISSING' });
      await features.close();
    });
    it('says which shard is missing, damaged or of another encoder', async () => {
      const { missing } = await plan(pictures, 'read-b');
      await assert.rejects(openFeatures(missing), { code: 'FEATURES_MISSING' });
      const damaged = join(folder, 'damaged.safetensors');
      await writeFile(damaged, (await readFile(oneShard('compute-a').file)).subarray(0, -10));
      await assert.rejects(openFeatures([{ file: damaged, pictures }]), { code: 'FEATURES_CORRUPT' });
      const other = await readFile(oneShard('compute-a').file, 'latin1');
      const mixed = join(folder, 'mixed.safetensors');
      await writeFile(mixed, other.replace(encoder.sha256, 'd'.repeat(64)), 'latin1');
      const shards = [oneShard('compute-a'), { file: mixed, pictures }];
      await assert.rejects(openFeatures(shards), { code: 'FEATURES_MIXED' });
    });
  });
});
