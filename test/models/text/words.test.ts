import { strict as assert } from 'node:assert';
import { withoutWord, wordsOf } from '../../../models/text/words.ts';

const product = (designation: string, description = '') => ({ designation, description });
const texts = (designation: string) => wordsOf(product(designation)).map(({ text }) => text);

describe('the words of a product', () => {
  it('are what stands between two blanks, designation first', () => {
    const words = wordsOf(product("L'été, enfin !", 'Chaise  pliante'));
    assert.deepEqual(
      words.map(({ text, field }) => `${field}: ${text}`),
      [
        "designation: L'été,",
        'designation: enfin',
        'designation: !',
        'description: Chaise',
        'description: pliante',
      ],
    );
  });

  it('say where they stand in the field, markup counted', () => {
    const description = '<p class="a">Une <b>chaise</b>&nbsp;r&eacute;glable caf&eacute;<!-- x --></p>';
    const words = wordsOf(product('', description));
    assert.deepEqual(
      words.map(({ start, end }) => description.slice(start, end)),
      ['Une', 'chaise', 'r&eacute;glable', 'caf&eacute;'],
    );
    assert.deepEqual(
      words.map(({ text }) => text),
      ['Une', 'chaise', 'réglable', 'café'],
    );
  });

  it('are parted by tags, not by comments, and leave scripts out', () => {
    assert.deepEqual(texts('chai<br>se'), ['chai', 'se']);
    assert.deepEqual(texts('chai<!-- . -->se'), ['chaise']);
    assert.deepEqual(texts('a<script>b c</script>d'), ['a', 'd']);
    assert.deepEqual(texts('3 < 4 &amp; 5&lt;6'), ['3', '<', '4', '&', '5<6']);
    assert.deepEqual(texts(' <br> '), []);
  });

  it('can be left out one by one', () => {
    const whole = product('Table', 'Une <b>chaise</b> bleue');
    const chair = wordsOf(whole)[2]!;
    assert.deepEqual(withoutWord(whole, chair), product('Table', 'Une <b> </b> bleue'));
  });
});
