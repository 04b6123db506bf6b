import { strict as assert } from 'node:assert';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { JobContext } from '../../../../models/runtime/jobs.ts';
import { encodeTexts } from '../../../../models/text/sentence/encode-texts.ts';
import { keyOf, openSentenceStore } from '../../../../models/text/sentence/store.ts';
import { sentencesOf } from '../../../../models/text/sentence/texts.ts';
import { inFolder } from '../../../support/tiny-catalogue.ts';
import { TEXT_FEATURES, writeOwnTextEncoder } from '../../encoders/own-fixtures.ts';

const PRODUCTS = Array.from({ length: 700 }, (_, at) => ({ designation: `produit ${at}`, description: '' }));

describe('encoding many texts', () => {
  it('goes on where it was stopped, and ends with the same features', () =>
    inFolder(async (folder) => {
      const encoder = await writeOwnTextEncoder(join(folder, 'encoder'));
      const storeAt = (name: string) =>
        openSentenceStore({
          directory: join(folder, name),
          encoder: { name: 'sines', sha256: 'a'.repeat(64) },
          featureSize: TEXT_FEATURES,
        });
      const encode = (store: Awaited<ReturnType<typeof storeAt>>, context: JobContext) =>
        encodeTexts(
          {
            ...{ products: Readable.from(PRODUCTS), productCount: PRODUCTS.length, store },
            ...{ encoder, featureSize: TEXT_FEATURES, threads: 1 },
          },
          context,
        );
      const stop = new AbortController();
      const stopped = encode(await storeAt('stopped'), {
        signal: stop.signal,
        progress: () => stop.abort(new Error('killed')),
      });
      await assert.rejects(stopped, /killed/);

      const calm: JobContext = { signal: new AbortController().signal, progress: () => {} };
      const resumed = await storeAt('stopped');
      const left = await encode(resumed, calm);
      assert.ok(left > 0 && left < PRODUCTS.length, `${left} were left`);
      const undisturbed = await storeAt('undisturbed');
      assert.equal(await encode(undisturbed, calm), PRODUCTS.length);
      const rowOf = (store: typeof resumed, text: string) => {
        const row = new Float32Array(TEXT_FEATURES);
        store.read(keyOf(text), row);
        return row;
      };
      for (const { designation } of PRODUCTS) {
        assert.deepEqual(rowOf(resumed, designation), rowOf(undisturbed, designation));
      }
      assert.throws(() => rowOf(resumed, 'never seen'), { code: 'FEATURES_MISSING' });
      for (const store of [resumed, undisturbed]) store.close();
    }));

  it('reads no markup, and one text of a product without description', () => {
    assert.deepEqual(
      sentencesOf({ designation: 'Chaise <b>pliante</b>', description: 'L&rsquo;&eacute;t&eacute;\n  !' }),
      { designation: 'Chaise pliante', whole: 'Chaise pliante L’été !' },
    );
    const { designation, whole } = sentencesOf({ designation: 'Livre', description: '' });
    assert.equal(designation, whole);
  });
});
