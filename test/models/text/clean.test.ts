import { strict as assert } from 'node:assert';
import { clean } from '../../../models/text/clean.ts';

const words = (designation: string, description = '') => clean({ designation, description });

describe('text cleaning', () => {
  it('reads the designation, then the description', () => {
    assert.deepEqual(words('Chaise pliante', 'bois massif'), ['chaise', 'pliante', 'bois', 'massif']);
  });

  it('keeps accents and lowers capitals that carry them', () => {
    assert.deepEqual(words('ÉTÉ Noël garçon cœur'), ['été', 'noël', 'garçon', 'cœur']);
  });

  it('takes composed and decomposed accents for the same word', () => {
    assert.deepEqual(words('été'.normalize('NFD')), words('été'));
  });

  it('parts words at apostrophes, straight and curly', () => {
    assert.deepEqual(words("l'enfant d’hiver"), ['enfant', 'hiver']);
  });

  it('keeps digits, and letters of other scripts', () => {
    assert.deepEqual(words('PS4 1/18 東京'), ['ps4', '1', '18', '東京']);
  });

  it('leaves French stop words out', () => {
    assert.deepEqual(words('Le jeu de la vie et une table'), ['jeu', 'vie', 'table']);
  });

  it('takes markup for a space between words', () => {
    assert.deepEqual(words('', '<p>Piscine<br/>ronde</p><ul><li>bleue</li></ul>'), [
      'piscine',
      'ronde',
      'bleue',
    ]);
  });

  it('decodes entities', () => {
    assert.deepEqual(words('&Eacute;t&eacute;&nbsp;c&#339;ur &amp; table'), ['été', 'cœur', 'table']);
  });

  it('does not read scripts and styles', () => {
    assert.deepEqual(words('', 'a<style>p{color:red}</style>lampe<script>var x="<b>jeu</b>"</script>rouge'), [
      'lampe',
      'rouge',
    ]);
  });

  it('reads a less-than sign that is no tag', () => {
    assert.deepEqual(words('taille < 30 cm'), ['taille', '30', 'cm']);
  });

  it('is empty when there is nothing to read', () => {
    for (const text of ['', '   ', '<p></p>', 'le la les', '🎁🎁', '<script>x</script>']) {
      assert.deepEqual(words(text, text), [], text);
    }
  });

  it('costs milliseconds for 80,000 tags, 40,000 open tags that are closed wrongly, and 1 MB of text', () => {
    const hostile = [
      '<b>x</b>'.repeat(40_000),
      '<div>'.repeat(40_000) + '</p></x>'.repeat(40_000),
      'mot '.repeat(260_000),
      '&amp;'.repeat(200_000),
      '<'.repeat(1_000_000),
      `<a href="${'x'.repeat(1_000_000)}`,
    ];
    words('<b>warm</b>', hostile[0]);
    for (const text of hostile) {
      const start = performance.now();
      words(text, text);
      const spent = performance.now() - start;
      assert.ok(spent < 100, `${spent.toFixed(0)} ms for ${text.slice(0, 20)}`);
    }
  });
});
