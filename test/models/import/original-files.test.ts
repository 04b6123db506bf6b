import assert from 'node:assert/strict';
import { TYPE_CODES } from '../../../data/type-codes.ts';
import { originalFiles, parseFusionWeights, parseMapper } from '../../../models/import/original-files.ts';

describe('the original’s JSON files of a bundle', () => {
  const files = originalFiles({ textWeight: 0.63 });

  it('are two, in the shapes and sizes of the original', () => {
    assert.deepEqual(Object.keys(files), ['mapper.json', 'best_weights.json']);
    assert.equal(files['best_weights.json'], '[0.63, 0.37]');
    assert.equal(files['mapper.json']!.length, 416);
    assert.ok(files['mapper.json']!.startsWith('{\n  "0": "10",\n  "1": "40",\n'));
  });

  it('can be imported again', () => {
    assert.deepEqual(parseMapper(files['mapper.json']!), [...TYPE_CODES]);
    assert.equal(parseFusionWeights(files['best_weights.json']!), 0.63);
  });

  it('have weights without the noise of floating point, for every weight of the grid', () => {
    for (let step = 0; step <= 100; step++) {
      const [text, image] = JSON.parse(originalFiles({ textWeight: step / 100 })['best_weights.json']!);
      assert.deepEqual([text, image], [step / 100, (100 - step) / 100]);
    }
  });
});
