import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readOriginal } from '../../../models/import/original.ts';
import { loadLstm, saveLstm } from '../../../models/text/lstm/model.ts';
import { byTypeCode, FIXTURES, FORMATS, readPredictions, textsOf } from './keras.ts';

function assertEqualWithin(tolerance: number, actual: ArrayLike<number>, expected: readonly number[]): void {
  assert.equal(actual.length, expected.length);
  const worst = Math.max(...expected.map((value, index) => Math.abs((actual[index] ?? Number.NaN) - value)));
  assert.ok(worst <= tolerance, `differs by ${worst}`);
}

for (const format of FORMATS) {
  describe(`a text model of ${format}, imported`, function () {
    this.timeout(60_000);
    let directory: string;
    before(async () => {
      directory = await mkdtemp(join(tmpdir(), 'import-'));
    });
    after(() => rm(directory, { recursive: true, force: true }));

    it('answers as Keras does, within 1e-5', async () => {
      const { text } = await readOriginal(join(FIXTURES, format), 'lexicographic');
      await saveLstm(directory, text);
      const model = await loadLstm(directory);
      try {
        const { ids, text: expected } = await readPredictions(format);
        const mapper = Object.values(
          JSON.parse(await readFile(join(FIXTURES, format, 'mapper.json'), 'utf8')),
        ).map(Number);
        const texts = await textsOf(format, ids);
        const found = model.predict(texts.map((description) => ({ designation: '', description })));
        assertEqualWithin(
          1e-5,
          found,
          expected.flatMap((row) => byTypeCode(row, mapper)),
        );
      } finally {
        model.dispose();
      }
    });
  });
}
