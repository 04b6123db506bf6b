import { strict as assert } from 'node:assert';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { random } from '../../../../data/random.ts';
import { TYPE_CODES } from '../../../../data/type-codes.ts';
import type { TextModel } from '../../../../models/family.ts';
import { weigh } from '../../../../models/text/ngram/features.ts';
import { COLUMNS, createGramCounter, SPACE } from '../../../../models/text/ngram/grams.ts';
import { loadNgram, saveNgram } from '../../../../models/text/ngram/model.ts';
import { ngramSchema } from '../../../../models/text/ngram/parameters.ts';
import { wordsOf } from '../../../../models/text/words.ts';

const CLASSES = TYPE_CODES.length;
const PARAMETERS = ngramSchema.parse({});

/** Texts in which reading could go wrong: markup, entities, accents, repeats, blanks and no words at all. */
const PRODUCTS = [
  { designation: 'Chaise pliante', description: '<p>Chaise de <b>jardin</b>, r&eacute;glable&nbsp;!</p>' },
  { designation: "L'e\u0301té e\u0301te\u0301", description: '' },
  { designation: '', description: 'chaise chaise chaise a b c' },
  { designation: 'ΣΊΣΥΦΟΣ İstanbul ﬁn', description: '游泳池 🏊 x<br>y z<!-- -->w \u2003 fin' },
  { designation: 'a', description: 'b 3 < 4 &amp;&lt;b&gt; <script>x y</script> piscine-jouet/plage' },
  { designation: 'Lot lot LOT de', description: 'lot de livres '.repeat(2000) },
];

describe('what words add to a margin', () => {
  let folder: string;
  let model: TextModel;
  const count = createGramCounter();
  const idf = new Float32Array(COLUMNS);
  const weights = Array.from({ length: CLASSES }, () => new Float32Array(COLUMNS));
  const bias = new Float32Array(CLASSES);

  before(async () => {
    const draw = random(7, 'weights');
    for (let column = 0; column < COLUMNS; column++) idf[column] = 1 + 9 * draw();
    for (const label of [0, 23]) {
      bias[label] = draw() - 0.5;
      for (let column = 0; column < COLUMNS; column++) weights[label]![column] = draw() - 0.5;
    }
    folder = await mkdtemp(join(tmpdir(), 'attribute-'));
    await saveNgram(folder, { parameters: PARAMETERS, temperature: 0.5, idf, weights, bias });
    model = await loadNgram(folder);
  });
  after(() => rm(folder, { recursive: true }));

  const marginOf = (product: (typeof PRODUCTS)[number], label: number): number => {
    const grams = count(product);
    const values = new Float32Array(grams.columns.length);
    weigh(grams, idf, PARAMETERS, values);
    return grams.columns.reduce(
      (sum, column, at) => sum + values[at]! * weights[label]![column]!,
      bias[label]!,
    );
  };

  PRODUCTS.forEach((product, index) => {
    it(`sums to the margin, with the bias (product ${index + 1})`, () => {
      for (const label of [0, 23]) {
        const found = model.contributions!(product, label);
        assert.equal(found.words.length, wordsOf(product).length);
        const sum = found.words.reduce((total, one) => total + one, found.bias);
        assert.ok(Math.abs(sum - marginOf(product, label)) < 1e-5, `${sum}, ${marginOf(product, label)}`);
      }
    });
  });

  it('is nothing for a product without text but the bias', () => {
    const found = model.contributions!({ designation: ' ', description: '<br>' }, 23);
    assert.deepEqual([...found.words], []);
    assert.equal(found.bias, bias[23]);
  });

  describe('when one gram alone has a weight', () => {
    const only = async (text: string, space: 'words' | 'characters') => {
      const { columns } = count({ designation: text, description: '' });
      // The pair comes third, after both words; of characters the first is taken.
      const column = space === 'words' ? columns[2]! : columns.find((one) => one >= SPACE)!;
      const sparse = weights.map(() => new Float32Array(COLUMNS));
      sparse[23]![column] = 1;
      const directory = await mkdtemp(join(folder, 'one-'));
      await saveNgram(directory, { parameters: PARAMETERS, temperature: 1, idf, weights: sparse, bias });
      return loadNgram(directory);
    };

    it('shares a pair between its two words, also from designation to description', async () => {
      const other = (await only('chaise pliante', 'words')).contributions!(
        { designation: 'une chaise', description: 'pliante bleue' },
        23,
      ).words;
      assert.ok(other[1]! > 0);
      assert.deepEqual([...other], [0, other[1], other[1], 0]);
    });

    it('gives characters to the word that they are in', async () => {
      const words = (await only('xq', 'characters')).contributions!(
        { designation: 'chaise xq pliante', description: '' },
        23,
      ).words;
      assert.ok(words[1]! > 0);
      assert.deepEqual([words[0], words[2]], [0, 0]);
    });
  });
});
