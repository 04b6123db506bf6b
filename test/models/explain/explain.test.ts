import { strict as assert } from 'node:assert';
import sharp from 'sharp';
import type { Explanation } from '../../../models/explain/explanation.ts';
import { type ExplainedBundle, explainProduct } from '../../../models/explain/product.ts';
import { createSlices } from '../../../models/explain/slices.ts';
import type { ExplainInput, JobContext } from '../../../models/runtime/jobs.ts';
import { wordsOf } from '../../../models/text/words.ts';
import { explained, imageModel, textModel } from './models.ts';

const CONTEXT: JobContext = { signal: new AbortController().signal, progress() {} };

/** Black, 140 x 140, with one light region: row 2, column 5 of 7. */
function picture(): Promise<Buffer> {
  const light = { create: { width: 20, height: 20, channels: 3 as const, background: '#fff' } };
  return sharp({ create: { width: 140, height: 140, channels: 3, background: '#000' } })
    .composite([{ input: light, left: 100, top: 40 }])
    .png()
    .toBuffer();
}

const ask = (overrides: Partial<ExplainInput['product']> = {}): ExplainInput => ({
  product: { designation: 'Une piscine', description: 'ronde', picture: null, ...overrides },
  code: null,
  heatMap: false,
});

async function explain(bundle: ExplainedBundle, input: ExplainInput): Promise<Explanation> {
  const steps = explainProduct(bundle, input);
  for (;;) {
    const step = await steps.next();
    if (step.done) return step.value;
  }
}

const near = (actual: number, expected: number) =>
  assert.ok(Math.abs(actual - expected) < 1e-5, `${actual}, not ${expected}`);

describe('the explanation of a product', () => {
  it('speaks about the most probable code unless another is asked for', async () => {
    const best = await explain(explained(), ask());
    assert.equal(best.code, 2583);
    near(best.confidence, 0.9);
    const toys = await explain(explained(), { ...ask(), code: 1280 });
    assert.equal(toys.code, 1280);
    assert.ok(toys.text!.words[1]!.contribution < 0, 'what speaks for pools speaks against toys');
  });

  it('leaves words out one by one where the weights do not tell', async () => {
    const { text } = await explain(explained(), ask());
    assert.equal(text?.method, 'occlusion');
    const [une, piscine, ronde] = text!.words;
    assert.deepEqual([une?.text, piscine?.text, ronde?.text], ['Une', 'piscine', 'ronde']);
    assert.deepEqual([une?.contribution, ronde?.contribution], [0, 0]);
    near(piscine!.contribution, Math.log(0.9) - Math.log(0.1 / 26));
    assert.deepEqual([piscine?.field, piscine?.start, piscine?.end], ['designation', 4, 11]);
  });

  it('leaves out 96 words at most and says how many there are', async () => {
    const text = textModel();
    const found = await explain(explained({ text }), ask({ description: 'mot '.repeat(5000) }));
    assert.equal(found.text?.words.length, 96);
    assert.equal(found.text?.totalWords, wordsOf(ask({ description: 'mot '.repeat(5000) }).product).length);
    assert.equal(text.asked, 97);
  });

  it('takes the exact contributions of a model whose weights tell; what is not listed is summed', async () => {
    const bias = -0.25;
    const contributions = () => ({
      words: Float64Array.from({ length: 702 }, (_, at) => at / 1000),
      bias,
    });
    const bundle = explained({ text: { ...textModel(), contributions } });
    const { text } = await explain(bundle, ask({ description: 'mot '.repeat(700) }));
    assert.equal(text?.method, 'weights');
    assert.equal(text?.words.length, 500);
    const listed = text!.words.reduce((sum, { contribution }) => sum + contribution, 0);
    near(listed + text!.others! + text!.bias!, contributions().words.reduce((a, b) => a + b) + bias);
  });

  for (const layout of ['NCHW', 'NHWC'] as const) {
    it(`finds the region of the picture that spoke for the code (${layout})`, async () => {
      const bundle = explained({ image: imageModel(layout) });
      const { image } = await explain(bundle, ask({ picture: await picture() }));
      assert.deepEqual([image?.rows, image?.columns, image?.contributions.length], [7, 7, 49]);
      near(image!.contributions[2 * 7 + 5]!, Math.log(0.8) - Math.log(0.2 / 26));
      assert.equal(image!.contributions.filter((one) => one !== 0).length, 1);
    });
  }

  it('says how much text and picture moved the answer from knowing nothing', async () => {
    const { text, image, confidence } = await explain(explained(), ask({ picture: await picture() }));
    near(confidence, 0.6 * 0.9 + 0.4 * 0.8);
    assert.deepEqual([text?.weight, image?.weight], [0.6, 0.4]);
    near(text!.confidence, 0.9);
    near(image!.confidence, 0.8);
    near(text!.contribution + image!.contribution, Math.log(27 * confidence));
    near(text!.contribution - image!.contribution, Math.log(0.9) - Math.log(0.8));
  });

  it('says so when the picture speaks against the code of the text', async () => {
    const dark = sharp({ create: { width: 140, height: 140, channels: 3, background: '#000' } });
    const { code, text, image } = await explain(explained(), ask({ picture: await dark.png().toBuffer() }));
    assert.equal(code, 2583);
    assert.ok(text!.contribution > 0);
    assert.ok(image!.contribution < 0);
  });

  it('has no part for what a product does not have', async () => {
    const words = await explain(explained(), ask());
    assert.equal(words.image, null);
    assert.equal(words.text?.weight, 1);
    near(words.text!.contribution, Math.log(27 * 0.9));
    const seen = await explain(
      explained(),
      ask({ designation: ' ', description: '<br>', picture: await picture() }),
    );
    assert.equal(seen.text, null);
    assert.deepEqual([seen.code, seen.image?.weight], [2583, 1]);
    near(seen.image!.contribution, Math.log(27 * 0.8));
    const nothing = await explain(explained(), ask({ designation: '', description: '' }));
    assert.deepEqual([nothing.text, nothing.image], [null, null]);
  });

  it('draws the regions onto the picture: blue for the code, orange against it', async () => {
    const input = { ...ask({ picture: await picture() }), heatMap: true };
    // Light minus dark at the middle of the light region and of a region that did nothing.
    const redLessBlue = async (code: number) => {
      const { heatMap } = await explain(explained(), { ...input, code });
      const { data, info } = await sharp(heatMap!).raw().toBuffer({ resolveWithObject: true });
      assert.deepEqual([info.width, info.height], [512, 512]);
      const at = (x: number, y: number) => (Math.floor(y) * info.width + Math.floor(x)) * info.channels;
      const middle = at(5.5 * (512 / 7), 2.5 * (512 / 7));
      const far = at(30, 480);
      assert.equal(data[far]! - data[far + 2]!, 0);
      return data[middle]! - data[middle + 2]!;
    };
    assert.ok((await redLessBlue(2583)) < -50);
    assert.ok((await redLessBlue(1280)) > 50);
  });

  it('refuses a picture as a prediction does', async () => {
    const damaged = (await picture()).subarray(0, 200);
    await assert.rejects(explain(explained(), ask({ picture: damaged })), { code: 'PICTURE_UNREADABLE' });
  });

  describe('in slices', () => {
    const inSlices = async (input: ExplainInput) => {
      const slice = createSlices();
      const bundle = explained();
      let found = await slice(bundle, input, CONTEXT);
      while (!found) found = await slice(bundle, null, CONTEXT);
      return found;
    };

    it('gives the same answer, and the same again', async () => {
      const input = { ...ask({ picture: await picture() }), heatMap: true };
      const whole = await explain(explained(), input);
      assert.deepEqual(await inSlices(input), whole);
      assert.deepEqual(await inSlices(input), whole);
    });

    it('ends a slice although the explanation is not done', async () => {
      const slice = createSlices();
      const text = textModel();
      const predict = text.predict.bind(text);
      text.predict = async (products) => {
        const end = performance.now() + 20;
        while (performance.now() < end);
        return predict(products);
      };
      const bundle = explained({ text });
      assert.equal(await slice(bundle, ask({ description: 'mot '.repeat(90) }), CONTEXT), null);
      assert.ok(text.asked < 30, `${text.asked} texts in one slice`);
    });

    it('begins anew with a new product, and fails where nothing was begun', async () => {
      const slice = createSlices();
      await assert.rejects(slice(explained(), null, CONTEXT), /no explanation/);
      const found = await slice(explained(), ask({ designation: 'Jouet' }), CONTEXT);
      assert.equal(found?.code, 1280);
    });

    it('stops when it is told to', async () => {
      const stopped = AbortSignal.abort(new Error('stop'));
      await assert.rejects(createSlices()(explained(), ask(), { ...CONTEXT, signal: stopped }), /stop/);
    });
  });
});
