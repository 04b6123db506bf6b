import { strict as assert } from 'node:assert';
import { bundleDifferences } from '../../../models/bundle/compare.ts';
import type { Bundle } from '../../../models/bundle/format.ts';

const file = (sha256: string) => ({ bytes: 1, sha256: sha256.repeat(64) });
const bundle: Bundle = {
  format: 1,
  version: '0'.repeat(16),
  family: 'lstm-vgg16',
  labels: [1, 2],
  text: { recipe: 'lstm', parameters: { words: 4000, list: [1, 2] } },
  image: { recipe: 'vgg16', parameters: {} },
  encoders: { image: { name: 'vgg16', sha256: 'a'.repeat(64), source: 'a test' }, text: null },
  fusion: { kind: 'convex', textWeight: 1, temperature: 1, textTemperature: 1, imageTemperature: 1 },
  lineage: { datasetVersion: 'd', catalogueHash: 'c', seed: 42, codeHash: 'x' },
  metrics: null,
  files: { 'text/weights': file('1'), 'image/weights': file('2') },
  madeBy: { at: '2026-01-01T00:00:00Z', workflowId: 'w', runId: 'one', etiquette: '0.1.0' },
};

describe('two bundles', () => {
  it('do not differ by when and by whom they were made', () => {
    const again = { ...bundle, madeBy: { ...bundle.madeBy, at: '2027-01-01T00:00:00Z', runId: 'two' } };
    assert.deepEqual(bundleDifferences(bundle, again), []);
  });

  it('differ by name, with what was and what is', () => {
    const parameters = { words: 4000, list: [1, 3], more: true };
    const other = { ...bundle, text: { recipe: 'lstm', parameters }, files: { 'text/weights': file('9') } };
    assert.deepEqual(bundleDifferences(bundle, other), [
      { what: 'text.parameters.list', was: '[1,2]', is: '[1,3]' },
      { what: 'text.parameters.more', was: null, is: 'true' },
      { what: 'files.text/weights', was: '1'.repeat(64), is: '9'.repeat(64) },
      { what: 'files.image/weights', was: '2'.repeat(64), is: null },
    ]);
  });

  it('differ first in what decides: data and code come before the files that follow from them', () => {
    const lineage = { datasetVersion: 'd', catalogueHash: 'c', seed: 42, codeHash: 'y' };
    const other = { ...bundle, lineage, files: { ...bundle.files, 'text/weights': file('9') } };
    assert.deepEqual(
      bundleDifferences(bundle, other).map(({ what }) => what),
      ['lineage.codeHash', 'files.text/weights'],
    );
  });
});
