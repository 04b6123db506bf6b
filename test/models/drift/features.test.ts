import assert from 'node:assert/strict';
import { driftFeatures, driftFeaturesSchema, type Predicted } from '../../../models/drift/features.ts';
import { collectKnownWords, openKnownWords } from '../../../models/drift/known-words.ts';
import { guessLanguage } from '../../../models/drift/language.ts';
import { type PixelForm, pictureStatistics } from '../../../models/drift/picture-statistics.ts';
import { placeOf } from '../../../models/drift/projection.ts';
import { readText, textStatistics, vocabularyOf } from '../../../models/drift/text-statistics.ts';

const known = openKnownWords(
  await collectKnownWords([
    ['chaise', 'bois'],
    ['chaise', 'bois', 'seule'],
  ]),
);
const planes: PixelForm = {
  layout: 'NCHW',
  channels: [0, 1, 2],
  mean: [127, 127, 127],
  scale: [1 / 128, 1 / 128, 1 / 128],
};

function picture(red: number, green: number, blue: number, form = planes): Float32Array {
  const area = 32 * 32;
  const pixels = new Float32Array(3 * area);
  const [pixelStep, channelStep] = form.layout === 'NCHW' ? [1, area] : [3, 1];
  [red, green, blue].forEach((value, colour) => {
    for (let pixel = 0; pixel < area; pixel++) {
      pixels[pixel * pixelStep + form.channels[colour]! * channelStep] =
        (value - form.mean[colour]!) * form.scale[colour]!;
    }
  });
  return pixels;
}

function predicted(changes: Partial<Predicted> = {}): Predicted {
  return {
    product: { designation: 'Chaise en bois', description: '<p>Une chaise <b>inconnue</b> de 45 cm</p>' },
    probabilities: [0.2, 0.7, 0.1, ...new Array(24).fill(0)],
    picture: { pixels: picture(255, 255, 255), form: planes, width: 500, height: 400 },
    textFeatures: Float32Array.from({ length: 512 }, (_, at) => Math.sin(at)),
    pictureFeatures: Float32Array.from({ length: 1280 }, (_, at) => Math.cos(at) ** 2),
    ...changes,
  };
}

describe('what is kept of a prediction to watch the stream by', () => {
  it('is the answer, its sureness, statistics of text and picture, and where both lie among others', () => {
    const features = driftFeatures(predicted(), known);
    assert.equal(features.code, 40);
    assert.deepEqual(features.answer, [700, 500]);
    // "en", "une", "inconnue", "de" and "cm" are not among the training's words; 45 is none.
    assert.deepEqual(features.text, [43, 9, 625, 0]);
    assert.deepEqual(features.picture, [500, 400, 255, 0, 0, 1000]);
    assert.equal(features.read?.length, 16);
    assert.equal(features.seen?.length, 16);
  });

  it('takes less than 300 bytes of JSON, comes back from it, and holds no word', () => {
    const long = 'mot '.repeat(4000);
    const json = JSON.stringify(
      driftFeatures(predicted({ product: { designation: long, description: long } }), known),
    );
    assert.ok(json.length < 300, `${json.length} bytes`);
    assert.doesNotMatch(json, /mot/);
    assert.deepEqual(driftFeaturesSchema.parse(JSON.parse(json)), JSON.parse(json));
  });

  it('says so when there is no text, no picture or no encoder', () => {
    const bare = {
      product: { designation: '', description: '<br>' },
      picture: null,
      textFeatures: null,
      pictureFeatures: null,
    };
    const { text, picture: seen, read } = driftFeatures(predicted(bare), known);
    assert.deepEqual([text, seen, read], [null, null, null]);
  });

  it('refuses what is no number', () => {
    const refused = { code: 'DRIFT_FEATURES_INVALID' };
    const probabilities = [Number.NaN, ...new Array(26).fill(0)];
    assert.throws(() => driftFeatures(predicted({ probabilities }), known), refused);
    const late = [0.9, Number.NaN, ...new Array(25).fill(0)];
    assert.throws(() => driftFeatures(predicted({ probabilities: late }), known), refused);
    assert.throws(() => driftFeatures(predicted({ pictureFeatures: [Number.NaN, 1] }), known), refused);
    const pixels = picture(0, 0, 0).fill(Number.NaN);
    assert.throws(
      () => driftFeatures(predicted({ picture: { pixels, form: planes, width: 1, height: 1 } }), known),
      refused,
    );
  });
});

describe('the language of a text', () => {
  const cases = {
    fr: ['Piscine pour les enfants avec une pompe', 'Coussin d’été à fleurs', 'Lot de livres et de revues'],
    en: ['The board game for the whole family', 'Set of cards with a box'],
    de: ['Das Spiel für die ganze Familie', 'Stuhl mit Kissen und Tasche', 'Größe'],
    other: [
      'Yu-Gi-Oh 1234',
      '',
      'Juego para los niños',
      'Настольная игра для детей',
      'Een spel voor het gezin',
    ],
  };
  for (const [language, texts] of Object.entries(cases)) {
    it(`is ${language} by its function words and letters`, () => {
      for (const designation of texts) {
        const { words } = readText({ designation, description: '' });
        assert.equal(guessLanguage(words), language, designation);
      }
    });
  }
});

describe('the training’s words', () => {
  const products = Array.from({ length: 3000 }, (_, at) => [
    `mot${at % 1000}`,
    `autre${at % 500}`,
    `seul${at}`,
  ]);

  it('are all known, in any order of the products; a word of one product is not kept', async () => {
    const base64 = await collectKnownWords(products);
    assert.equal(base64, await collectKnownWords(products.toReversed()));
    const { has } = openKnownWords(base64);
    for (let at = 0; at < 1000; at++) assert.ok(has(`mot${at}`));
    const passed = products.filter((_, at) => has(`seul${at}`)).length;
    assert.ok(passed < 60, `${passed} of 3,000 strange words pass for known`);
  });

  it('stay small however many there are', async () => {
    const many = Array.from({ length: 120_000 }, (_, at) => [`mot${at >> 1}`]);
    const base64 = await collectKnownWords(many);
    assert.ok(base64.length <= 88_000, `${base64.length}`);
    const { has } = openKnownWords(base64);
    const passed = Array.from({ length: 5000 }, (_, at) => has(`etrange${at}`)).filter(Boolean).length;
    assert.ok(passed < 150, `${passed} of 5,000 strange words pass for known`);
  });

  it('count words, not numbers', () => {
    assert.deepEqual(vocabularyOf(readText({ designation: 'A4 210 x 297', description: '' })), ['a4', 'x']);
    const all = textStatistics({ designation: 'chaise 12 bois 34', description: '' }, known);
    assert.equal(all?.[2], 0);
  });
});

describe('a picture’s statistics', () => {
  it('are the same however its encoder wants the pixels', () => {
    const swapped: PixelForm = {
      layout: 'NHWC',
      channels: [2, 1, 0],
      mean: [123.68, 116.779, 103.939],
      scale: [1, 1, 1],
    };
    const size = { width: 20, height: 10 };
    const one = pictureStatistics({ pixels: picture(200, 100, 50), form: planes, ...size });
    assert.deepEqual(
      one,
      pictureStatistics({ pixels: picture(200, 100, 50, swapped), form: swapped, ...size }),
    );
    assert.deepEqual(one, [20, 10, 124, 0, 750, 0]);
  });

  it('see no colour in black, whatever rounding leaves of the encoder’s means', () => {
    const caffe: PixelForm = {
      ...{ layout: 'NHWC', channels: [2, 1, 0] },
      ...{ mean: [123.68, 116.779, 103.939], scale: [1, 1, 1] },
    };
    const pixels = picture(0, 0, 0, caffe);
    assert.deepEqual(pictureStatistics({ pixels, form: caffe, width: 1, height: 1 }), [1, 1, 0, 0, 0, 0]);
  });

  it('tell black from white', () => {
    const of = (value: number) =>
      pictureStatistics({ pixels: picture(value, value, value), form: planes, width: 1, height: 1 });
    assert.deepEqual(of(0), [1, 1, 0, 0, 0, 0]);
    assert.deepEqual(of(250), [1, 1, 250, 0, 0, 1000]);
  });
});

describe('a place', () => {
  const features = (seed: number) =>
    Float32Array.from({ length: 1024 }, (_, at) => Math.sin(seed * 37 + at * at));

  it('depends on the direction of the features alone', () => {
    assert.deepEqual(placeOf(features(1)), placeOf(features(1).map((value) => 4 * value)));
    assert.deepEqual(placeOf(new Float32Array(1024)), new Array(16).fill(0));
  });

  it('keeps distances, roughly', () => {
    const near = features(1).map((value, at) => value + 0.1 * Math.cos(at));
    const distance = (a: number[], b: number[]) => Math.hypot(...a.map((value, axis) => value - b[axis]!));
    const [own, close, far] = [placeOf(features(1)), placeOf(near), placeOf(features(2))];
    assert.ok(distance(own, close) * 3 < distance(own, far));
  });
});
