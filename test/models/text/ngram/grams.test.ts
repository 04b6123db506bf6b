import { strict as assert } from 'node:assert';
import { createFeatureCollector, weigh } from '../../../../models/text/ngram/features.ts';
import { COLUMNS, createGramCounter, SPACE } from '../../../../models/text/ngram/grams.ts';

const product = (designation: string, description = '') => ({ designation, description });

describe('the n-gram counter', () => {
  const count = createGramCounter();
  const columns = (designation: string, description = '') => [
    ...count(product(designation, description)).columns,
  ];
  const words = (text: string) => columns(text).filter((column) => column < SPACE).length;
  const characters = (text: string) => columns(text).filter((column) => column >= SPACE).length;

  it('counts words of two letters or more, and pairs of neighbours', () => {
    assert.equal(words('chaise'), 1);
    assert.equal(words('chaise pliante bleue'), 3 + 2);
    assert.equal(words('a chaise'), 1);
  });

  it('counts 2- to 5-grams of characters within words, a space on both sides', () => {
    // " ab ": 3 of two, 2 of three, 1 of four; none of five.
    assert.equal(characters('ab'), 6);
    assert.equal(characters('ab ab'), 6);
    // " chaise ": 7 + 6 + 5 + 4.
    assert.equal(characters('chaise'), 22);
  });

  it('reads no markup, decodes entities, and minds no case', () => {
    assert.deepEqual(columns('<b>Été&nbsp;bleu</b>'), columns(' été bleu '));
    assert.deepEqual(columns('chaise<script>x()</script>'), columns('chaise'));
  });

  it('keeps accents, digits and stop words', () => {
    assert.notDeepEqual(columns('pêche'), columns('peche'));
    assert.equal(words('le 4x4 de 2020'), 4 + 3);
  });

  it('tells how often each gram is in the designation alone', () => {
    const grams = count(product('chaise chaise', 'chaise table'));
    assert.equal(grams.counts[0], 3);
    assert.equal(grams.designationCounts[0], 2);
    assert.deepEqual([...count(product('', 'chaise')).designationCounts].filter(Boolean), []);
  });

  it('finds nothing where there is nothing, and remembers nothing of earlier products', () => {
    assert.deepEqual(columns('', '<p> </p>'), []);
    assert.deepEqual(columns('table'), [...createGramCounter()(product('table')).columns]);
  });

  it('puts grams in the same columns for ever: bundles depend on it', () => {
    // Reckoned apart: FNV-1a, Murmur3's finaliser, the upper 16 bits; "été", then " é", " ét", ...
    const word = 49860;
    const first = [65594, 129308, 76174, 106716];
    const others = [129671, 115396, 130064, 92511, 96508, 104905];
    assert.deepEqual(columns('été'), [word, ...first, ...others]);
  });

  it('answers hostile input in bounded time', () => {
    const started = performance.now();
    count(product('x'.repeat(5_000_000), '<'.repeat(5_000_000)));
    assert.ok(performance.now() - started < 2_000);
  });
});

describe('n-gram features', () => {
  const texts = [product('chaise', 'chaise pliante'), product('table'), product(''), product('chaise rouge')];
  const collect = (designationWeight: number) => {
    const collector = createFeatureCollector();
    for (const text of texts) collector.add(text);
    return collector.finish({ designationWeight });
  };
  const length = (row: number, words: boolean, weight: number) => {
    const { rows } = collect(weight);
    let squares = 0;
    for (let at = rows.starts[row]!; at < rows.starts[row + 1]!; at++) {
      if (rows.column[at]! < SPACE === words) squares += rows.value[at]! ** 2;
    }
    return Math.sqrt(squares);
  };

  it('have length 1 for words and length 1 for characters', () => {
    for (const row of [0, 1, 3]) {
      assert.ok(Math.abs(length(row, true, 0) - 1) < 1e-6);
      assert.ok(Math.abs(length(row, false, 0) - 1) < 1e-6);
    }
  });

  it('count the designation again: a row of designation only is that much longer', () => {
    assert.ok(Math.abs(length(1, true, 0.7) - 1.7) < 1e-6);
  });

  it('leave rows without text empty', () => {
    const { rows } = collect(0.7);
    assert.equal(rows.starts[2], rows.starts[3]);
  });

  it('weigh rare grams more: 1 + ln((1 + n) / (1 + n having it))', () => {
    const { idf, rows } = collect(0);
    const chaise = rows.column[rows.starts[0]!]!;
    assert.ok(Math.abs(idf[chaise]! - (1 + Math.log(5 / 3))) < 1e-6);
    assert.equal(idf.length, COLUMNS);
  });

  it('are the same in training and prediction', () => {
    // Also of grams that stand there more often than the store's few bits can say.
    const many = product('chaise '.repeat(200), 'chaise table '.repeat(300));
    const collector = createFeatureCollector();
    for (const text of [many, ...texts]) collector.add(text);
    const { rows, idf } = collector.finish({ designationWeight: 0.7 });
    const count = createGramCounter();
    for (const [row, text] of [many, ...texts].entries()) {
      const grams = count(text);
      const values = new Float32Array(grams.columns.length);
      weigh(grams, idf, { designationWeight: 0.7 }, values);
      assert.deepEqual(values, rows.value.slice(rows.starts[row], rows.starts[row + 1]));
      assert.deepEqual(grams.columns, rows.column.slice(rows.starts[row], rows.starts[row + 1]));
    }
  });
});
