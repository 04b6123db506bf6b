import { strict as assert } from 'node:assert';
import { fitVocabulary, vocabularyFromKeras } from '../../../models/text/vocabulary.ts';

const ROWS = [['jeu', 'vie', 'jeu'], ['table', 'vie'], ['jeu', '18'], ['chaise']];

describe('the vocabulary', () => {
  it('numbers words by frequency, equal ones by code unit, after padding 0 and <OOV> 1', () => {
    assert.deepEqual(
      [...fitVocabulary(ROWS, 10).numbers],
      [
        ['<OOV>', 1],
        ['jeu', 2],
        ['vie', 3],
        ['18', 4],
        ['chaise', 5],
        ['table', 6],
      ],
    );
  });

  it('keeps no more words than it may', () => {
    const { numbers, size } = fitVocabulary(ROWS, 4);
    assert.deepEqual([...numbers.keys()], ['<OOV>', 'jeu', 'vie']);
    assert.equal(size, 4);
  });

  it('does not depend on the order of the rows', () => {
    const turned = fitVocabulary([...ROWS].reverse(), 10);
    assert.equal(turned.kerasJson, fitVocabulary(ROWS, 10).kerasJson);
  });

  it('writes what Keras writes: five tables as JSON strings', () => {
    const { class_name, config } = JSON.parse(fitVocabulary(ROWS, 4).kerasJson);
    assert.equal(class_name, 'Tokenizer');
    assert.equal(config.num_words, 4);
    assert.equal(config.oov_token, '<OOV>');
    assert.equal(config.document_count, 4);
    assert.deepEqual(JSON.parse(config.word_counts), { '18': 1, jeu: 3, vie: 2, chaise: 1, table: 1 });
    assert.deepEqual(JSON.parse(config.word_docs), { '18': 1, jeu: 2, vie: 2, chaise: 1, table: 1 });
    assert.deepEqual(JSON.parse(config.index_docs), { 2: 2, 3: 2, 4: 1, 5: 1, 6: 1 });
    assert.deepEqual(JSON.parse(config.index_word), {
      1: '<OOV>',
      2: 'jeu',
      3: 'vie',
      4: '18',
      5: 'chaise',
      6: 'table',
    });
    assert.deepEqual(JSON.parse(config.word_index), {
      '<OOV>': 1,
      jeu: 2,
      vie: 3,
      '18': 4,
      chaise: 5,
      table: 6,
    });
  });

  it('reads back what it wrote', () => {
    const fitted = fitVocabulary(ROWS, 5);
    const read = vocabularyFromKeras(fitted.kerasJson);
    assert.equal(read.size, 5);
    assert.deepEqual(new Map([...read.numbers].sort()), new Map([...fitted.numbers].sort()));
  });

  it('counts words that are names of object properties like any other', () => {
    const fitted = fitVocabulary([['constructor', '__proto__', 'constructor']], 10);
    const read = vocabularyFromKeras(fitted.kerasJson);
    assert.equal(read.numbers.get('constructor'), 2);
    assert.equal(read.numbers.get('toString'), undefined);
  });

  it('refuses a file that is not a tokenizer', () => {
    const word_index = '{"jeu":1}';
    for (const json of [
      '',
      '{"config"',
      '{}',
      '{"config":{"num_words":10,"oov_token":"<OOV>","word_index":"{"}}',
      JSON.stringify({ config: { num_words: 10, oov_token: '<OOV>', word_index } }),
    ]) {
      assert.throws(() => vocabularyFromKeras(json), { code: 'TOKENIZER_INVALID' }, json);
    }
  });
});
