import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { TYPE_CODES } from '../../../data/type-codes.ts';
import { originalFiles, parseFusionWeights, parseMapper } from '../../../models/import/original-files.ts';

describe('the original’s files of a bundle', () => {
  const files = originalFiles({ textWeight: 0.63 });

  it('are four, the JSON ones in the shapes and sizes of the original', () => {
    const names = ['mapper.json', 'mapper.pkl', 'best_weights.json', 'best_weights.pkl'];
    assert.deepEqual(Object.keys(files), names);
    assert.equal(files['best_weights.json'], '[0.63, 0.37]');
    assert.equal(files['mapper.json']!.length, 416);
    assert.ok(files['mapper.json']!.startsWith('{\n  "0": "10",\n  "1": "40",\n'));
  });

  it('can be imported again', () => {
    assert.deepEqual(parseMapper(files['mapper.json']!), [...TYPE_CODES]);
    assert.equal(parseFusionWeights(files['best_weights.json']!), 0.63);
  });

  it('are read by Python’s pickle: code to index, and text and image weight', () => {
    const read = (file: string) => {
      const script = 'import json, pickle, sys; print(json.dumps(pickle.load(sys.stdin.buffer)))';
      const { stdout } = spawnSync('python3', ['-c', script], { input: files[file]!, encoding: 'utf8' });
      return JSON.parse(stdout);
    };
    const indexes = Object.fromEntries(TYPE_CODES.map((code, index) => [code, index]));
    assert.deepEqual(read('mapper.pkl'), indexes);
    assert.deepEqual(read('best_weights.pkl'), [0.63, 0.37]);
  });

  it('have weights without the noise of floating point, for every weight of the grid', () => {
    for (let step = 0; step <= 100; step++) {
      const [text, image] = JSON.parse(originalFiles({ textWeight: step / 100 })['best_weights.json']!);
      assert.deepEqual([text, image], [step / 100, (100 - step) / 100]);
    }
  });
});
