import { strict as assert } from 'node:assert';
import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listBundles } from '../../../models/bundle/list.ts';
import { readBundle, verifyFiles } from '../../../models/bundle/load.ts';
import { type BundleParts, writeBundle } from '../../../models/bundle/write.ts';

describe('a bundle', () => {
  let folder: string;
  let root: string;
  let parts: BundleParts;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'bundle-'));
    root = join(folder, 'bundles');
    for (const part of ['text', 'image']) {
      await mkdir(join(folder, part));
      await writeFile(join(folder, part, 'weights'), `weights of ${part}`);
    }
    await writeFile(join(folder, 'picture.jpg'), 'a picture');
    parts = {
      family: 'lstm-vgg16',
      text: { recipe: 'lstm', parameters: { length: 40 }, directory: join(folder, 'text') },
      image: { recipe: 'vgg16', parameters: { size: 224 }, directory: join(folder, 'image') },
      encoders: { image: { name: 'vgg16', sha256: 'a'.repeat(64), source: 'a test' }, text: null },
      fusion: { kind: 'convex', textWeight: 0.6, temperature: 1, textTemperature: 1, imageTemperature: 1 },
      lineage: null,
      metrics: null,
      golden: [
        {
          designation: 'un livre',
          description: '',
          picture: 'picture-0.jpg',
          pictureSource: join(folder, 'picture.jpg'),
          probabilities: new Array(27).fill(1 / 27),
        },
      ],
      texts: { 'evaluation.json': '{}\n' },
      madeBy: { at: '2026-01-01T00:00:00.000Z', workflowId: 'train', runId: 'one', etiquette: '0.1.0' },
    };
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('is whole in the store: its files, their hashes and its golden products', async () => {
    const { version } = await writeBundle(root, parts);
    const directory = join(root, version);
    const bundle = await readBundle(directory);
    await verifyFiles(directory, bundle);
    assert.deepEqual(Object.keys(bundle.files).sort(), [
      'evaluation.json',
      'golden/picture-0.jpg',
      'golden/products.json',
      'image/weights',
      'text/weights',
    ]);
    const [golden] = JSON.parse(await readFile(join(directory, 'golden/products.json'), 'utf8'));
    assert.equal('pictureSource' in golden, false);
    assert.deepEqual(await readdir(root), [version]);
  });

  it('has a version that depends on its content and not on who made it when', async () => {
    const first = await writeBundle(root, parts);
    const again = await writeBundle(root, {
      ...parts,
      madeBy: { ...parts.madeBy, at: '2027-01-01T00:00:00.000Z', runId: 'two' },
    });
    assert.equal(again.version, first.version);
    assert.equal(again.madeBy.runId, 'one', 'the bundle that was there stays as it was');
    const other = await writeBundle(root, { ...parts, fusion: { ...parts.fusion, textWeight: 0.61 } });
    assert.notEqual(other.version, first.version);
    assert.equal((await listBundles(root)).length, 2);
  });

  it('is refused when a file was changed', async () => {
    const { version } = await writeBundle(root, parts);
    const directory = join(root, version);
    await appendFile(join(directory, 'text/weights'), '!');
    await assert.rejects(verifyFiles(directory, await readBundle(directory)), {
      code: 'BUNDLE_CORRUPT',
      message: /text\/weights/,
    });
  });

  it('is refused when bundle.json was edited, and is then not listed', async () => {
    const { version } = await writeBundle(root, parts);
    const file = join(root, version, 'bundle.json');
    await writeFile(file, (await readFile(file, 'utf8')).replace('"textWeight": 0.6', '"textWeight": 0.9'));
    await assert.rejects(readBundle(join(root, version)), { code: 'BUNDLE_CORRUPT', message: /edited/ });
    assert.deepEqual(await listBundles(root), []);
  });

  it('leaves nothing behind when a part is missing', async () => {
    const broken = { ...parts, text: { ...parts.text, directory: join(folder, 'nowhere') } };
    await assert.rejects(writeBundle(root, broken));
    assert.deepEqual(await readdir(root), []);
  });

  it('that does not exist is named', async () => {
    await assert.rejects(readBundle(join(root, '0'.repeat(16))), {
      code: 'BUNDLE_UNKNOWN',
      message: /0{16}/,
    });
  });
});
