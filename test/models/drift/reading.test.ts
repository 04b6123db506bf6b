import assert from 'node:assert/strict';
import { driftCharts } from '../../../models/drift/charts.ts';
import type { DriftFeatures } from '../../../models/drift/features.ts';
import { driftMarkdown } from '../../../models/drift/markdown.ts';
import { createReference } from '../../../models/drift/reference.ts';
import { type DriftReport, driftReport } from '../../../models/drift/report.ts';
import { toPng, toSvg } from '../../../models/evaluation/charts/render.ts';
import { featuresOf, streamOf } from './stream.ts';

const black = (one: DriftFeatures): DriftFeatures => ({
  ...one,
  picture: one.picture && [500, 500, 0, 0, 0, 0],
});

describe('a drift report for people', () => {
  let changed: DriftReport;
  let unchanged: DriftReport;
  before(() => {
    const reference = createReference(streamOf(400, 100), { knownWords: '', seed: 1, simulations: 200 });
    const window = {
      from: '2026-01-01T00:00:00Z',
      to: '2026-01-02T00:00:00Z',
      checked: { n: 40, right: 30 },
    };
    changed = driftReport(reference, { ...window, predictions: featuresOf(streamOf(200, 7, black)) });
    unchanged = driftReport(reference, { ...window, predictions: featuresOf(streamOf(200, 102)) });
  });

  it('says in both languages what has changed, what to do, and how sure the accuracy is', () => {
    const pictures = [...driftCharts(changed).keys()];
    const en = driftMarkdown(changed, 'en', pictures);
    const fr = driftMarkdown(changed, 'fr', pictures);
    assert.match(en, /Brightness of the pictures: median \d+ at the training, 0 now/);
    assert.match(fr, /Luminosité des images : médiane \d+ à l’apprentissage, 0 maintenant/);
    assert.match(en, /Look at some pictures/);
    assert.match(fr, /Regarder quelques images/);
    assert.match(en, /Of the 40 that people looked at: 0\.750/);
    assert.match(fr, /Sur les 40 que quelqu’un a vérifiées : 0,750/);
    const embedded = [...en.matchAll(/!\[[^\]]+\]\(([^)]+)\.svg\)/g)].map(([, name]) => name!);
    assert.deepEqual(embedded.toSorted(), pictures.toSorted());
    assert.equal(en.match(/^\| /gm)?.length, fr.match(/^\| /gm)?.length);
  });

  it('of an unchanged stream says that there is nothing to do', () => {
    const markdown = driftMarkdown(unchanged, 'en', []);
    assert.match(markdown, /\*\*No: nothing goes beyond chance\.\*\*/);
    assert.match(markdown, /Nothing to do\./);
    assert.doesNotMatch(markdown, /!\[/);
  });

  it('is JSON, and draws the same pictures every time', async () => {
    const again = JSON.parse(JSON.stringify(changed)) as DriftReport;
    assert.deepEqual(again, changed);
    const charts = driftCharts(changed);
    assert.ok(['overview', 'codes', 'confidence', 'brightness'].every((name) => charts.has(name)));
    for (const [name, chart] of charts) {
      const svg = await toSvg(chart);
      assert.equal(svg, await toSvg(driftCharts(again).get(name)!), name);
      assert.ok(!svg.includes('NaN') && !svg.includes('undefined'), name);
    }
    assert.ok((await toPng(await toSvg(charts.get('overview')!))).length > 5000);
  });
});
