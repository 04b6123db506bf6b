import assert from 'node:assert/strict';
import { type Observed, windowOf } from '../../../models/drift/window.ts';
import { featuresOf, streamOf } from './stream.ts';

const features = featuresOf(streamOf(4, 1));

const MOST = 500;

/** The newest first, as they come from the record. */
function answers(...given: Partial<Observed>[]): Observed[] {
  return given.map((one, place) => ({
    at: `2026-01-01T00:00:0${9 - place}.000Z`,
    inputsHash: `product ${place}`,
    code: features[place]!.code,
    features: JSON.stringify(features[place]),
    corrected: null,
    ...one,
  }));
}

describe('a window of answers', () => {
  it('holds their features, and the time that they span', () => {
    assert.deepEqual(windowOf(answers({}, {}, {}), MOST), {
      from: '2026-01-01T00:00:07.000Z',
      to: '2026-01-01T00:00:09.000Z',
      predictions: features.slice(0, 3),
      checked: null,
    });
    assert.deepEqual(windowOf([], MOST), { from: null, to: null, predictions: [], checked: null });
  });

  it('counts a product once that was asked about again, and each that cannot be told from others', () => {
    const again = { inputsHash: 'the same' };
    assert.deepEqual(windowOf(answers(again, {}, again), MOST).predictions, features.slice(0, 2));
    assert.equal(windowOf(answers({ inputsHash: null }, { inputsHash: null }), MOST).predictions.length, 2);
  });

  it('holds the last products, as many as are wanted, whatever was asked about in between', () => {
    const again = { inputsHash: 'the same' };
    const { predictions, from } = windowOf(answers(again, again, {}, {}), 2);
    assert.deepEqual(predictions, [features[0], features[2]]);
    assert.equal(from, '2026-01-01T00:00:07.000Z');
  });

  it('leaves out answers without features, and those whose features are damaged or of another version', () => {
    const odd = [null, '{', '{"code": 10}', JSON.stringify({ ...features[0], more: 1 })];
    for (const one of odd) {
      assert.deepEqual(windowOf(answers({ features: one }, {}), MOST).predictions, [features[1]], `${one}`);
    }
  });

  it('counts what people looked at, and what they found right, each product once', () => {
    const right = { corrected: features[0]!.code };
    const wrong = { corrected: features[1]!.code === 10 ? 40 : 10 };
    assert.deepEqual(windowOf(answers(right, wrong, {}), MOST).checked, { n: 2, right: 1 });
    const same = { inputsHash: 'the same', code: 10 };
    assert.deepEqual(windowOf(answers({ ...same }, { ...same, corrected: 10 }), MOST).checked, {
      n: 1,
      right: 1,
    });
    // What counts of two is what was said of the newest answer.
    const twice = answers({ ...same, corrected: 40 }, { ...same, corrected: 10 });
    assert.deepEqual(windowOf(twice, MOST).checked, { n: 1, right: 0 });
  });
});
