import { strict as assert } from 'node:assert';
import { stripVTControlCharacters } from 'node:util';
import { main } from '../../cli/explain.ts';
import { explanationPage } from '../../cli/explaining/page.ts';
import type { ShownExplanation } from '../../cli/explaining/shown.ts';
import { explanationText } from '../../cli/explaining/terminal.ts';

const word = (text: string, contribution: number, field: 'designation' | 'description' = 'designation') => ({
  text,
  field,
  start: 0,
  end: text.length,
  contribution,
});

function shown(language: 'fr' | 'en' = 'en'): ShownExplanation {
  const part = { weight: 0.7, confidence: 0.9, contribution: 2.5 };
  return {
    bundle: '0123456789abcdef',
    product: { designation: 'unused', description: '', picture: null },
    language,
    explanation: {
      code: 2583,
      confidence: 0.93,
      text: {
        ...part,
        method: 'weights',
        words: [
          word('Piscine', 2),
          word('<b>"ronde"</b>', 1),
          word('de', 0.01),
          word('table\u001b[31m', -0.5, 'description'),
        ],
        totalWords: 7,
        bias: -0.5,
        others: 0,
      },
      image: {
        ...part,
        contribution: -0.5,
        method: 'occlusion',
        rows: 1,
        columns: 3,
        contributions: [0.9, 0, -0.2],
      },
      heatMap: new Uint8Array([1, 2, 3]),
    },
  };
}

describe('npm run explain', () => {
  it('says how it is used when there is no product, or a code, language or picture that is not one', async () => {
    for (const args of [
      [],
      ['--designation', 'Piscine', '--code', '7'],
      ['--designation', 'Piscine', '--language', 'de'],
      ['--picture', '/no/such/picture.jpg'],
    ]) {
      await assert.rejects(main(args), { code: 'USAGE' }, args.join(' '));
    }
  });

  it('prints words and regions with signs, and the strongest words with their numbers', () => {
    assert.equal(
      explanationText(shown(), false),
      [
        '2583 Swimming pool: 0.930 (bundle 0123456789abcdef)',
        '',
        'Text: +2.500 (0.900 alone), by weights',
        '  designation: +++Piscine ++<b>"ronde"</b> de',
        '  description: -table[31m',
        '  ... and 3 more words',
        '  +2.000  Piscine',
        '  +1.000  <b>"ronde"</b>',
        '  -0.500  table[31m',
        '  +0.010  de',
        '',
        'Picture: -0.500 (0.900 alone), by occlusion',
        '  +++ .   -',
        '',
      ].join('\n'),
    );
  });

  it('adds colours where there are any, and nothing else', () => {
    const coloured = explanationText(shown(), true);
    assert.ok(coloured.includes('\u001b[94m+++Piscine\u001b[39m'));
    assert.equal(stripVTControlCharacters(coloured), explanationText(shown(), false));
  });

  it('writes a page in either language that loads nothing and runs nothing of the product’s text', () => {
    const page = explanationPage(shown('fr'));
    assert.match(page, /<html lang="fr">.*Pourquoi 2583 Piscine.*Le texte : \+2,5.*L’image : -0,5/s);
    assert.match(explanationPage(shown('en')), /<html lang="en">.*Why 2583 Swimming pool.*The text: \+2.5/s);
    assert.match(page, /background:rgba\(60,130,255,1\.00\)" title="\+2">Piscine</);
    assert.match(page, /background:rgba\(255,140,30,0\.25\)" title="-0,5">table/);
    assert.match(page, /&lt;b&gt;&quot;ronde&quot;&lt;\/b&gt;/);
    assert.match(page, /src="data:image\/png;base64,AQID"/);
    assert.doesNotMatch(page, /<script|https?:|<b>/);
  });
});
