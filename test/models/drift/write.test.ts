import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createReference } from '../../../models/drift/reference.ts';
import { type DriftReport, driftReport } from '../../../models/drift/report.ts';
import { lastLevel, writeDriftReport } from '../../../models/drift/write.ts';
import { featuresOf, streamOf } from './stream.ts';

const bundle = 'a'.repeat(16);

describe('the folder of drift reports', () => {
  let root: string;
  let report: DriftReport;
  before(() => {
    const reference = createReference(streamOf(100, 100), { knownWords: '', seed: 1, simulations: 20 });
    const predictions = featuresOf(streamOf(50, 7));
    report = driftReport(reference, { from: null, to: null, predictions, checked: null });
  });
  beforeEach(async () => {
    root = join(await mkdtemp(join(tmpdir(), 'etiquette-drift-reports-')), 'drift');
  });
  afterEach(() => rm(join(root, '..'), { recursive: true }));

  const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString();

  it('gets a folder a check, with every picture that the text shows, in both languages', async () => {
    const folder = await writeDriftReport(root, { at: at(1), bundle, report });
    assert.equal(folder, join(root, '2026-01-01T00-00-01.000Z'));
    const names = await readdir(folder);
    for (const page of ['report.md', 'report.fr.md']) {
      const text = await readFile(join(folder, page), 'utf8');
      const shown = [...text.matchAll(/\]\(([\w.]+\.svg)\)/g)].map(([, name]) => name);
      assert.deepEqual(shown.sort(), names.filter((name) => name.endsWith('.svg')).sort());
    }
    assert.deepEqual(await readdir(root), ['2026-01-01T00-00-01.000Z']);
  });

  it('remembers what the newest came to, for its bundle only', async () => {
    assert.equal(await lastLevel(root, bundle, at(3)), null);
    await writeDriftReport(root, { at: at(1), bundle, report: { ...report, level: 'alert' } });
    await writeDriftReport(root, { at: at(2), bundle, report: { ...report, level: 'warn' } });
    await mkdir(join(root, '.staging-of-another'));
    assert.equal(await lastLevel(root, bundle, at(3)), 'warn');
    assert.equal(await lastLevel(root, 'b'.repeat(16), at(3)), null);
  });

  it('takes what a check left that died for no check before it, and has one folder of it', async () => {
    await writeDriftReport(root, { at: at(1), bundle, report: { ...report, level: 'ok' } });
    for (const level of ['alert', 'retrain'] as const) {
      assert.equal(await lastLevel(root, bundle, at(2)), 'ok');
      await writeDriftReport(root, { at: at(2), bundle, report: { ...report, level } });
    }
    assert.equal((await readdir(root)).length, 2);
    assert.equal(await lastLevel(root, bundle, at(3)), 'retrain');
  });

  it('keeps the last 168, nothing of writers that died an hour ago, and leaves those that still write', async () => {
    for (let second = 0; second < 170; second++) {
      await mkdir(join(root, at(second).replaceAll(':', '-')), { recursive: true });
    }
    const [dead, alive] = [join(root, '.staging-dead'), join(root, '.staging-alive')];
    for (const folder of [dead, alive]) await mkdir(folder);
    const longAgo = new Date(Date.now() - 2 * 3_600_000);
    await utimes(dead, longAgo, longAgo);
    await writeDriftReport(root, { at: at(170), bundle, report });
    const names = (await readdir(root)).sort();
    assert.deepEqual(names.slice(0, 2), ['.staging-alive', '2026-01-01T00-00-03.000Z']);
    assert.equal(names.length, 169);
  });

  it('holds the same bytes for the same report', async () => {
    const written = { at: at(1), bundle, report };
    const folders = [await writeDriftReport(root, written), await writeDriftReport(`${root}-2`, written)];
    for (const name of await readdir(folders[0]!)) {
      const [one, other] = await Promise.all(folders.map((folder) => readFile(join(folder, name), 'utf8')));
      assert.equal(one, other, name);
    }
  });
});
