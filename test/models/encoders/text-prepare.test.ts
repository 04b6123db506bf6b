import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readProductTable } from '../../../data/read.ts';
import { isEtiquetteError } from '../../../errors.ts';
import { type InstalledEncoder, MODEL } from '../../../models/encoders/descriptor.ts';
import { loadSentencePiece } from '../../../models/encoders/sentencepiece.ts';
import { loadTextEncoder } from '../../../models/encoders/text-session.ts';
import { type PrepareOptions, prepareUse } from '../../../models/encoders/use-prepare.ts';
import { rakutenSample, skip } from '../../support/skip.ts';
import { inFolder } from '../../support/tiny-catalogue.ts';
import { cosine, installTiny, realReference } from './text-fixtures.ts';

const optionsFor = (directory: string): PrepareOptions => ({
  directory,
  signal: new AbortController().signal,
  onProgress: () => {},
  log: { info: () => {} },
});

describe('preparing the sentence encoder', () => {
  it('fetches and converts once, reports progress, and tidies up', () =>
    inFolder(async (folder) => {
      const fractions: number[] = [];
      const onProgress = ({ fraction }: { fraction: number }) => void fractions.push(fraction);
      const first = await prepareUse({ ...optionsFor(folder), onProgress }, installTiny);
      assert.deepEqual(fractions, [0, 0.8, 1]);
      const left = [`use-multilingual-3-${first.sha256.slice(0, 12)}`, 'use-multilingual-3.json'];
      assert.deepEqual((await readdir(folder)).sort(), left);
      assert.deepEqual(await prepareUse(optionsFor(folder), assert.fail), first);
    }));

  it('mends an encoder that was damaged since', () =>
    inFolder(async (folder) => {
      const first = await prepareUse(optionsFor(folder), installTiny);
      await truncate(join(first.directory, MODEL), 100);
      assert.deepEqual(await prepareUse(optionsFor(folder), installTiny), first);
      assert.deepEqual(await prepareUse(optionsFor(folder), assert.fail), first);
    }));

  it('says what to do when the package cannot be had, and that trying again can help', () =>
    inFolder(async (folder) => {
      const install = () => Promise.reject(new Error('no route to the index'));
      await assert.rejects(prepareUse(optionsFor(folder), install), {
        code: 'ENCODER_UNAVAILABLE',
        retryable: true,
        message: /no route to the index.*package index/,
      });
      assert.deepEqual(await readdir(folder), []);
    }));

  it('stops when it is told to', () =>
    inFolder(async (folder) => {
      const abort = new AbortController();
      const install = async () => {
        abort.abort(new Error('enough'));
        throw new Error('killed');
      };
      await assert.rejects(prepareUse({ ...optionsFor(folder), signal: abort.signal }, install), /enough/);
      assert.deepEqual(await readdir(folder), []);
    }));
});

describe('the real sentence encoder', () => {
  let folder: string;
  let encoder: InstalledEncoder;

  before(async function () {
    this.timeout(5 * 60_000);
    folder = await mkdtemp(join(tmpdir(), 'etiquette-encoder-'));
    try {
      encoder = await prepareUse(optionsFor(folder));
    } catch (error) {
      if (isEtiquetteError(error) && error.code === 'ENCODER_UNAVAILABLE') skip(this, error.message);
      throw error;
    }
  });
  after(() => rm(folder, { recursive: true, force: true }));

  const tokenizer = () =>
    loadSentencePiece(join(encoder.directory, 'sentencepiece.model'), { maxTokens: 10_000 });

  it('cuts texts as SentencePiece does: French, English, German, pictographs, odd characters', async () => {
    const pieces = await tokenizer();
    for (const [text, ids] of (await realReference()).ids) assert.deepEqual(pieces.encode(text), ids, text);
  });

  it('cuts all texts of the real sample as SentencePiece does', async function () {
    const sample = rakutenSample(this);
    const pieces = await tokenizer();
    const hash = createHash('sha256');
    let texts = 0;
    for await (const row of readProductTable(join(sample, 'X_train_update.csv'))) {
      for (const text of [row.designation, `${row.designation} ${row.description}`]) {
        hash.update(`${pieces.encode(text).join(' ')}\n`);
        texts++;
      }
    }
    assert.deepEqual({ texts, sha256: hash.digest('hex') }, (await realReference()).sample);
  });

  it('gives the features that its numpy form gives', async () => {
    const session = await loadTextEncoder(encoder, { threads: 1 });
    for (const [text, base64] of (await realReference()).embeddings) {
      const expected = new Float32Array(new Uint8Array(Buffer.from(base64, 'base64')).buffer);
      const features = await session.encode([text]);
      assert.equal(features.length, 512);
      assert.ok(cosine(features, expected) > 0.99999, text);
      assert.ok(
        features.every((value, index) => Math.abs(value - (expected[index] ?? Number.NaN)) < 1e-4),
        text,
      );
    }
    await session.close();
  });
});
