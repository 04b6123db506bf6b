import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { cleanOriginal } from '../../../models/text/original/clean.ts';

/** Made by test/fixtures/text-original/make.py with BeautifulSoup and NLTK. */
const cases: { text: string; words: string[] }[] = JSON.parse(
  readFileSync(new URL('../../fixtures/text-original/words.json', import.meta.url), 'utf8'),
);

describe('the original’s cleaning of text', () => {
  for (const { text, words } of cases) {
    it(`reads ${JSON.stringify(text.slice(0, 50))} as BeautifulSoup and NLTK do`, () => {
      assert.deepEqual(cleanOriginal({ designation: '', description: text }), words);
    });
  }

  it('reads the designation before the description', () => {
    const words = cleanOriginal({ designation: 'Consoles', description: 'rouges' });
    assert.deepEqual(words, ['console', 'rouge']);
  });
});
