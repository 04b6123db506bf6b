import { strict as assert } from 'node:assert';
import { inventedRows } from '../../bench/full-size.ts';
import { TYPE_CODES } from '../../data/type-codes.ts';

describe('the invented rows of full size', () => {
  const rows = inventedRows(2_000);

  it('are the same every time', () => assert.deepEqual(inventedRows(50), inventedRows(50)));

  it('have all codes, in very unequal numbers', () => {
    const counts = TYPE_CODES.map((code) => rows.filter((row) => row.code === code).length);
    assert.ok(Math.min(...counts) > 0);
    assert.ok(Math.max(...counts) > 6 * Math.min(...counts));
  });

  it("have lengths like the real file's", () => {
    const lengths = rows.map(({ description }) => description.length).sort((a, b) => a - b);
    const empty = lengths.filter((length) => length === 0).length / rows.length;
    assert.ok(empty > 0.3 && empty < 0.4);
    const mean = lengths.reduce((sum, length) => sum + length) / rows.length;
    assert.ok(mean > 450 && mean < 750, `${mean} characters`);
  });
});
