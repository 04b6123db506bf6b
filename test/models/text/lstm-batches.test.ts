import { strict as assert } from 'node:assert';
import { type Batch, createBatch, type Text } from '../../../models/text/lstm/batches.ts';
import { createRowFinder } from '../../../models/text/lstm/embedding-rows.ts';
import { fitVocabulary } from '../../../models/text/vocabulary.ts';

describe('the rows of a word', () => {
  const vocabulary = fitVocabulary([['jeu', 'vie', 'jeu'], ['table']], 4);
  const plain = createRowFinder(vocabulary, { words: 4, subwords: 0 });
  const rowsOf = createRowFinder(vocabulary, { words: 4, subwords: 1000 });
  const shared = (one: string, other: string) =>
    rowsOf(one).filter((row) => rowsOf(other).includes(row)).length;

  it('without n-grams are its own, or that of <OOV>', () => {
    assert.deepEqual(
      ['jeu', 'table', 'vie', 'lampe'].map((word) => [...plain(word)]),
      [[2], [3], [1], [1]],
    );
  });

  it('are its own and those of its 3- to 5-grams, below the words', () => {
    const [own, ...grams] = rowsOf('jeu');
    assert.equal(own, 2);
    // <je jeu eu> <jeu jeu> <jeu>
    assert.equal(grams.length, 6);
    assert.ok(grams.every((row) => row >= 4 && row < 1004));
  });

  it('of a word that is not in the vocabulary are those of its n-grams alone', () => {
    assert.equal(rowsOf('jeux').length, 9);
    assert.ok(rowsOf('jeux').every((row) => row >= 4));
    assert.equal(rowsOf('a').length, 1);
  });

  it('are shared by words that share letters', () => {
    assert.ok(shared('tabouret', 'tabourets') > 10);
    assert.ok(shared('tabouret', 'chien') <= 1);
  });
});

describe('a batch of texts', () => {
  const text = (...words: number[]): Text => words.map((word) => Int32Array.of(word));
  /** The single row of every place, null where there is none, text by text. */
  const read = ({ length, size, rows, places }: Batch) =>
    Array.from({ length: size }, (_, at) =>
      Array.from({ length }, (_, step) => {
        const found = rows.filter((_, entry) => places[entry] === step * size + at);
        return found.length === 0 ? null : [...found].join('+');
      }),
    );

  it('masked: has nothing before a short text, and is as long as its longest', () => {
    const batch = createBatch([text(5), text(6, 7, 8)], { padding: 'masked', length: 40 });
    assert.deepEqual(read(batch), [
      [null, null, '5'],
      ['6', '7', '8'],
    ]);
    assert.deepEqual([...batch.counts], [1, 3]);
  });

  it('pre and post: fills up with padding', () => {
    assert.deepEqual(read(createBatch([text(5, 6)], { padding: 'pre', length: 4 })), [['0', '0', '5', '6']]);
    assert.deepEqual(read(createBatch([text(5, 6)], { padding: 'post', length: 4 })), [['5', '6', '0', '0']]);
  });

  it('keeps every row of a word, in the order of places', () => {
    const batch = createBatch([[Int32Array.of(5, 9), Int32Array.of(7)], text(6, 8)], {
      padding: 'masked',
      length: 4,
    });
    assert.deepEqual([...batch.rows], [5, 9, 6, 7, 8]);
    assert.deepEqual([...batch.places], [0, 0, 1, 2, 3]);
  });

  it('says where a reader from the end finds each word; padding stays before the text', () => {
    const batch = createBatch([text(5, 6), text(7, 8, 9)], { padding: 'masked', length: 4 });
    const backwards = { ...batch, places: batch.places.map((place) => batch.turned[place]!) };
    assert.deepEqual(read(backwards), [
      [null, '6', '5'],
      ['9', '8', '7'],
    ]);
  });
});
