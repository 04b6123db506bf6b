import assert from 'node:assert/strict';
import type { DriftFeatures } from '../../../models/drift/features.ts';
import { createReference, parseReference, type Reference } from '../../../models/drift/reference.ts';
import { type DriftWindow, driftReport } from '../../../models/drift/report.ts';
import type { Level } from '../../../models/drift/statistic.ts';
import { featuresOf, streamOf } from './stream.ts';

const OPTIONS = { knownWords: '', seed: 1, simulations: 300 };

const windowOf = (predictions: readonly DriftFeatures[]): DriftWindow => ({
  from: null,
  to: null,
  predictions,
  checked: null,
});

describe('the reference of a bundle', () => {
  it('comes out the same from the same rows, and back from its file', () => {
    const rows = streamOf(300, 1);
    const json = JSON.stringify(createReference(rows, OPTIONS));
    assert.equal(json, JSON.stringify(createReference(rows, OPTIONS)));
    assert.equal(json, JSON.stringify(parseReference(json)));
    assert.ok(json.length < 30_000, `${json.length} bytes beside the known words`);
  });

  it('refuses damaged files, rows that hold no numbers, and too few rows', () => {
    assert.throws(() => parseReference('{"format":1}'), { code: 'DRIFT_REFERENCE_INVALID' });
    assert.throws(() => createReference(streamOf(49, 1), OPTIONS), { code: 'DRIFT_REFERENCE_SMALL' });
    const [first, ...others] = streamOf(60, 1);
    const spoilt = {
      ...first!,
      features: { ...first!.features, answer: [Number.NaN, 0] as [number, number] },
    };
    assert.throws(() => createReference([spoilt, ...others], OPTIONS), { code: 'DRIFT_FEATURES_INVALID' });
  });
});

describe('a drift report', () => {
  let reference: Reference;
  let large: Reference;
  before(() => {
    reference = createReference(streamOf(400, 100), OPTIONS);
    large = createReference(streamOf(3000, 10), { ...OPTIONS, simulations: 100 });
  });
  const levelOf = (rows: readonly DriftFeatures[]) => driftReport(reference, windowOf(rows)).level;

  it('of unchanged streams warns in about 1 % of checks and alarms in hardly any, whatever the window', () => {
    const levels: Level[] = [];
    for (let seed = 0; seed < 5; seed++) {
      const own = createReference(streamOf(300, 1000 + seed), OPTIONS);
      for (let window = 0; window < 80; window++) {
        const n = [40, 80, 150, 300, 700][window % 5]!;
        levels.push(driftReport(own, windowOf(featuresOf(streamOf(n, 5000 + 100 * seed + window)))).level);
      }
    }
    const warned = levels.filter((level) => level !== 'ok').length;
    const alarms = levels.filter((level) => level === 'alert' || level === 'retrain').length;
    assert.ok(warned <= 12, `${warned} of 400 checks warn`);
    assert.ok(alarms <= 3, `${alarms} of 400 checks alarm`);
  });

  const changes: Record<string, [string, (features: DriftFeatures, next: () => number) => DriftFeatures]> = {
    'black pictures': ['brightness', (one) => ({ ...one, picture: one.picture && [500, 500, 0, 0, 0, 0] })],
    'another language': [
      'language',
      (one) => ({ ...one, text: one.text && [one.text[0], one.text[1], one.text[2], 1] }),
    ],
    'words that are not known': [
      'unknownWords',
      (one) => ({ ...one, text: one.text && [one.text[0], one.text[1], 900, one.text[3]] }),
    ],
    'another mix of codes': ['code', (one, next) => (next() < 0.4 ? { ...one, code: 2905 } : one)],
    'less sure answers': [
      'confidence',
      (one) => ({ ...one, answer: [one.answer[0] >> 1, one.answer[1] >> 1] }),
    ],
    'no pictures': ['hasPicture', (one) => ({ ...one, picture: null, seen: null })],
    'texts about other things': [
      'textMeaning',
      (one) => ({ ...one, read: one.read?.map((value) => value + 40) ?? null }),
    ],
    'pictures of another size': [
      'pixels',
      (one) => ({
        ...one,
        picture: one.picture && ([800, 800, ...one.picture.slice(2)] as typeof one.picture),
      }),
    ],
  };
  for (const [what, [feature, change]] of Object.entries(changes)) {
    it(`tells ${what} within 200 predictions, and says what it is`, () => {
      const report = driftReport(reference, windowOf(featuresOf(streamOf(200, 7, change))));
      assert.equal(report.level, 'retrain');
      const found = report.statistics.find((one) => one.feature === feature);
      assert.ok(
        found && found.value > found.threshold.alert && found.probability < 0.001,
        JSON.stringify(found),
      );
      assert.match(found.inWords.en, /now/);
      assert.match(found.inWords.fr, /maintenant|moyenne/);
    });
  }

  it('does not alarm for a change that is sure but small', () => {
    const lighter = streamOf(20_000, 9, (one) => ({
      ...one,
      picture: one.picture && (one.picture.with(2, Math.min(255, one.picture[2] + 9)) as typeof one.picture),
    }));
    const { level, statistics } = driftReport(large, windowOf(featuresOf(lighter)));
    const brightness = statistics.find(({ feature }) => feature === 'brightness')!;
    assert.ok(brightness.probability < 0.001, `${brightness.probability}`);
    assert.ok(brightness.size < 0.1);
    assert.equal(brightness.level, 'warn');
    assert.equal(level, 'warn');
  });

  it('of an empty or tiny window judges nothing and says that it is too few', () => {
    const empty = driftReport(reference, windowOf([]));
    assert.deepEqual([empty.level, empty.statistics, empty.estimatedAccuracy], ['ok', [], null]);
    assert.match(empty.advice[0]!.en, /too few/);
    const black = changes['black pictures']![1];
    assert.equal(levelOf(featuresOf(streamOf(15, 3, black))), 'ok');
  });

  it('judges a feature by the rows that have it', () => {
    const rare = featuresOf(
      streamOf(60, 3, (one, next) => (next() < 0.9 ? { ...one, picture: null, seen: null } : one)),
    );
    const { statistics } = driftReport(reference, windowOf(rare));
    const names = statistics.map(({ feature }) => feature);
    assert.ok(!names.includes('brightness') && names.includes('hasPicture'));
  });

  it('works where the training had no picture or no encoder', () => {
    const bare = (one: DriftFeatures) => ({ ...one, picture: null, read: null, seen: null });
    const without = createReference(streamOf(200, 11, bare), OPTIONS);
    const report = driftReport(without, windowOf(featuresOf(streamOf(200, 12, bare))));
    assert.equal(report.level, 'ok');
    const pictures = driftReport(without, windowOf(featuresOf(streamOf(200, 12))));
    assert.equal(pictures.statistics[0]?.feature, 'hasPicture');
    assert.equal(pictures.level, 'retrain');
  });

  it('one odd picture among alike ones is no alarm', () => {
    const rows = streamOf(200, 13);
    const odd = rows.findIndex(({ features }) => features.picture);
    const predictions = featuresOf(rows).map((one, at) =>
      at === odd ? { ...one, picture: [4000, 100, ...one.picture!.slice(2)] as typeof one.picture } : one,
    );
    assert.equal(levelOf(predictions), 'ok');
    assert.equal(driftReport(large, windowOf(predictions)).level, 'ok');
  });

  it('refuses features that are no numbers', () => {
    const [first, ...others] = featuresOf(streamOf(50, 1));
    const spoilt = { ...first!, read: new Array(16).fill(Number.NaN) };
    assert.throws(() => driftReport(reference, windowOf([spoilt, ...others])), {
      code: 'DRIFT_FEATURES_INVALID',
    });
  });

  it('is the same for the same window in any order', () => {
    const rows = featuresOf(streamOf(150, 21));
    const [one, other] = [rows, rows.toReversed()].map((each) => driftReport(reference, windowOf(each)));
    assert.deepEqual(
      one!.statistics.map(({ feature }) => feature),
      other!.statistics.map(({ feature }) => feature),
    );
    assert.equal(one!.level, other!.level);
  });
});
