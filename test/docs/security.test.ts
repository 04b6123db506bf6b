import { strict as assert } from 'node:assert';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PROJECT } from '../../config.ts';

/** `- [test/api/x.test.ts](../test/api/x.test.ts): "a title"; "another"` */
const NAMED = /^- \[(test\/\S+\.ts)\]\(\.\.\/\1\): (.+)$/gm;
const RISKS = 10;

describe('docs/security.md', () => {
  let sections: string[];
  let named: ReadonlyArray<{ file: string; title: string }>;
  before(async () => {
    const page = await readFile(join(PROJECT, 'docs/security.md'), 'utf8');
    sections = page.split(/^(?=##+ )/m).filter((section) => section.startsWith('### API'));
    named = [...page.matchAll(NAMED)].flatMap(([, file = '', titles = '']) =>
      [...titles.matchAll(/"([^"]+)"/g)].map(([, title = '']) => ({ file, title })),
    );
  });

  it('walks through all ten risks of OWASP, each with a test', () => {
    assert.deepEqual(
      sections.map((section) => /^### API(\d+) /.exec(section)?.[1]),
      Array.from({ length: RISKS }, (_, index) => `${index + 1}`),
    );
    for (const section of sections) assert.ok([...section.matchAll(NAMED)].length > 0, section.slice(0, 60));
  });

  it('names tests that exist', async () => {
    const missing: string[] = [];
    for (const { file, title } of named) {
      const source = await readFile(join(PROJECT, file), 'utf8').catch(() => '');
      if (!hasTitle(source, title)) missing.push(`${file}: ${title}`);
    }
    assert.deepEqual(missing, []);
  });

  it('is not fooled: a title that no test has is missed', () => {
    assert.equal(hasTitle("it('counts', () => {});", 'count'), false);
    const template = ['it(`refuses $', '{what} with 422`, () => {});'].join('');
    assert.equal(hasTitle(template, 'refuses a list with 422'), true);
    assert.equal(hasTitle(template, 'refuses a list'), false);
  });
});

/** A whole text of the file: a title, one made from a template, or what a template is filled with. */
function hasTitle(source: string, title: string): boolean {
  const texts = [...source.matchAll(/(['"`])((?:(?!\1)[^\\\n]|\\.)+)\1/g)];
  return texts.some(([, quote, text = '']) => {
    if (text === title) return true;
    if (quote !== '`' || !/\$\{/.test(text)) return false;
    const parts = text.split(/\$\{[^}]*\}/).map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'));
    const fixed = parts.join('').length;
    return fixed > 10 && new RegExp(`^${parts.join('.+')}$`).test(title);
  });
}
