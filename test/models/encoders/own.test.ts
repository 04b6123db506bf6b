import { strict as assert } from 'node:assert';
import { appendFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { adoptEncoder } from '../../../models/encoders/adopt.ts';
import { readEncoder } from '../../../models/encoders/descriptor.ts';
import { loadImageEncoder } from '../../../models/encoders/image-session.ts';
import { findEncoder, prepareEncoder } from '../../../models/encoders/prepare.ts';
import { createTextEncoder } from '../../../models/encoders/text-session.ts';
import { inFolder } from '../../support/tiny-catalogue.ts';
import { TEXT_FEATURES, writeOwnImageEncoder, writeOwnTextEncoder } from './own-fixtures.ts';

/** The mean of the fixture's tokens. */
const expected = (ids: readonly number[]) =>
  Array.from({ length: TEXT_FEATURES }, (_, at) => {
    const sines = ids.map((id) => Math.sin(id * Math.fround(0.7 + at)));
    return sines.reduce((sum, one) => sum + one) / ids.length;
  });

function assertNear(actual: ArrayLike<number>, wanted: readonly number[]): void {
  assert.equal(actual.length, wanted.length);
  wanted.forEach((value, at) => {
    assert.ok(Math.abs(value - (actual[at] ?? Number.NaN)) < 1e-5, `${at}: ${actual[at]} for ${value}`);
  });
}

describe("an encoder of the operator's own", () => {
  it('is copied once, under its hash, and no longer needs the folder that it came from', () =>
    inFolder(async (folder) => {
      const source = await writeOwnTextEncoder(join(folder, 'source'));
      const directory = join(folder, 'encoders');
      const first = await adoptEncoder(source, 'text', directory);
      assert.deepEqual(await readdir(directory), [`sines-${first.sha256.slice(0, 12)}`]);
      const again = await adoptEncoder(source, 'text', directory);
      assert.deepEqual(again, first);
      await rm(source, { recursive: true });
      assert.equal(await findEncoder(directory, { name: 'sines', sha256: first.sha256 }), first.directory);
      assert.equal((await readEncoder(first.directory)).sha256, first.sha256);
    }));

  it('stands in for the built-in one of its kind', () =>
    inFolder(async (folder) => {
      const own = {
        image: await writeOwnImageEncoder(join(folder, 'image')),
        text: await writeOwnTextEncoder(join(folder, 'text')),
      };
      const options = {
        ...{ url: '', own, directory: join(folder, 'encoders'), signal: new AbortController().signal },
        ...{ onProgress: () => {}, log: { info: () => {}, warn: () => {} } },
      };
      assert.equal((await prepareEncoder('efficientnet-lite0', options)).name, 'lines');
      assert.equal((await prepareEncoder('use-multilingual-3', options)).name, 'sines');
    }));

  it('is refused with what is wrong in its own folder, and leaves nothing behind', () =>
    inFolder(async (folder) => {
      const directory = join(folder, 'encoders');
      const source = await writeOwnTextEncoder(join(folder, 'source'));
      await assert.rejects(adoptEncoder(source, 'image', directory), { code: 'ENCODER_KIND_WRONG' });
      await appendFile(join(source, 'tokenizer.json'), ' ');
      await assert.rejects(adoptEncoder(source, 'text', directory), {
        code: 'ENCODER_CHANGED',
        message: /source.tokenizer\.json/,
      });
      await rm(join(source, 'model.onnx'));
      await assert.rejects(adoptEncoder(source, 'text', directory), {
        code: 'ENCODER_MISSING',
        message: /source.model\.onnx/,
      });
      await assert.rejects(adoptEncoder(join(folder, 'nowhere'), 'text', directory), {
        code: 'ENCODER_MISSING',
      });
      assert.deepEqual(await readdir(directory).catch(() => []), []);
    }));
});

describe('a text encoder with a tokenizer.json and a row a token', () => {
  const encode = (words: object, text: string) =>
    inFolder(async (folder) => {
      const encoder = await createTextEncoder(await writeOwnTextEncoder(folder, words), { threads: 1 });
      const features = await encoder.encode([text]);
      await encoder.close();
      return features;
    });
  const output = (pooling: string) => ({
    output: { name: 'last_hidden_state', features: TEXT_FEATURES, pooling },
  });

  it('gives the mean of its tokens, marks included', async () => {
    assertNear(await encode({}, 'Piscine ronde'), expected([1, 3, 4, 2]));
  });

  it("gives the first token's row when the descriptor says cls", async () => {
    assertNear(await encode(output('cls'), 'Piscine ronde'), expected([1]));
  });

  it('cuts a long text at its end and keeps the marks', async () => {
    assertNear(await encode({}, 'livre chaise jeu piscine ronde produit'), expected([1, 5, 6, 7, 3, 2]));
  });

  it('puts the prefix before the text', async () => {
    const input = {
      names: { ids: 'input_ids', mask: 'attention_mask', types: 'token_type_ids' },
      ...{ maxTokens: 6, prefix: 'produit ' },
    };
    assertNear(await encode({ input }, 'ronde'), expected([1, 8, 4, 2]));
  });

  it('is refused when the descriptor says that it gives one row', async () => {
    await assert.rejects(encode(output('none'), 'livre'), {
      code: 'ENCODER_FILE_INVALID',
      message: /pooling none.*1,3,8/,
    });
  });
});

describe('a picture encoder that takes colour by colour', () => {
  it('sees what its descriptor says: size, layout, scale, and the mean of its tokens', () =>
    inFolder(async (folder) => {
      const encoder = await loadImageEncoder(await readEncoder(await writeOwnImageEncoder(folder)), {
        threads: 1,
      });
      assert.equal(encoder.layout, 'NHWC');
      const background = { r: 255, g: 102, b: 0 };
      const png = await sharp({ create: { width: 8, height: 8, channels: 3, background } })
        .png()
        .toBuffer();
      const features = await encoder.encode([await encoder.prepare(png)]);
      assertNear(features, Array.from({ length: 16 }, () => [1, 0.4, 0]).flat());
      await encoder.release();
    }));
});
