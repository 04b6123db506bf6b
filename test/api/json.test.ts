import { strict as assert } from 'node:assert';
import { parseJson } from '../../api/json.ts';
import { EtiquetteError } from '../../errors.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const invalid = (error: unknown) => error instanceof EtiquetteError && error.code === 'JSON_INVALID';

describe('a JSON body', () => {
  it('is parsed, whatever its strings hold', () => {
    const value = { text: ',:[{'.repeat(5_000), escaped: '\\"[\\\\', emoji: '🏊', list: [1, null, true] };
    assert.deepEqual(parseJson(bytes(JSON.stringify(value))), value);
  });

  for (const [what, body] of [
    ['nothing', ''],
    ['no JSON', 'designation=Piscine'],
    ['an end that is missing', '{"designation": "Piscine'],
    ['deep nesting', '['.repeat(1_000_000)],
    ['very many values', `[${'1,'.repeat(1_000_000)}1]`],
    ['very many members', `{${'"a":1,'.repeat(1_000_000)}"a":1}`],
  ] as const) {
    it(`with ${what} is JSON_INVALID`, () => {
      assert.throws(() => parseJson(bytes(body)), invalid);
    });
  }

  it('in another encoding than UTF-8 is JSON_INVALID', () => {
    assert.throws(() => parseJson(Buffer.from('{"designation": "été"}', 'latin1')), invalid);
  });
});
