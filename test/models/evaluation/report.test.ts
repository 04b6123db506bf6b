import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { TYPE_CODE_NAMES } from '../../../data/type-codes.ts';
import { gateRule } from '../../../models/evaluation/gate-rule.ts';
import { evaluate } from '../../../models/evaluation/metrics.ts';
import { writeEvaluationReport } from '../../../models/evaluation/report.ts';
import { type EvaluationReport, reportMarkdown } from '../../../models/evaluation/report-markdown.ts';
import type { TrainingSummary } from '../../../models/runtime/jobs.ts';

const fixture = new URL('../../fixtures/evaluation/metrics.json', import.meta.url);

async function exampleReport(): Promise<EvaluationReport> {
  const { input } = JSON.parse(await readFile(fixture, 'utf8'));
  const summary: TrainingSummary = {
    rows: { train: 900, validation: 90 },
    epochs: [1, 2, 3, 4].map((epoch) => ({
      epoch,
      loss: 3 / epoch,
      accuracy: 1 - 1 / (epoch + 1),
      validationLoss: 3 / epoch + (epoch === 4 ? 1 : 0),
      validationAccuracy: 0.6,
    })),
    bestEpoch: 3,
    parameters: {},
  };
  return {
    evaluation: evaluate({
      ...input,
      text: Float32Array.from(input.text),
      image: Float32Array.from(input.image),
      fused: Float32Array.from(input.fused),
    }),
    textSummary: summary,
    imageSummary: summary,
    fusionCurve: [0, 0.5, 1].map((textWeight) => ({ textWeight, accuracy: 0.5 + textWeight / 4 })),
    gate: { passed: true, reason: 'First model: weighted F1 0.8.', rule: gateRule.parse({}), checks: [] },
  };
}

describe('the evaluation report', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'report-'));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  it('holds figures, a page for people and every picture as SVG and PNG, and no half-written file', async () => {
    await writeEvaluationReport(directory, await exampleReport());
    const charts = ['confusion-matrix', 'fusion-weight', 'learning-curves', 'per-code', 'reliability'];
    const expected = [
      'evaluation.json',
      'report.md',
      ...charts.flatMap((chart) => [`${chart}.png`, `${chart}.svg`]),
    ];
    assert.deepEqual((await readdir(directory)).sort(), expected.sort());
    for (const chart of charts) {
      const { width, height } = await sharp(join(directory, `${chart}.png`)).metadata();
      assert.ok(width > 800 && height > 500, `${chart}.png is ${width} x ${height}`);
    }
  });

  it('embeds only pictures that exist and names every code in both languages', async () => {
    await writeEvaluationReport(directory, await exampleReport());
    const markdown = await readFile(join(directory, 'report.md'), 'utf8');
    const embedded = [...markdown.matchAll(/!\[[^\]]+\]\(([^)]+)\)/g)].map(([, file]) => file!);
    assert.equal(embedded.length, 5);
    const files = await readdir(directory);
    for (const file of embedded) assert.ok(files.includes(file), file);
    for (const { fr, en } of Object.values(TYPE_CODE_NAMES)) {
      assert.ok(markdown.includes(`| ${en} | ${fr} |`), en);
    }
    assert.match(markdown, /\*\*Passed the gate\.\*\* First model/);
  });

  it('leads to what was found in the catalogue, when that was looked for', async () => {
    const report = await exampleReport();
    assert.doesNotMatch(reportMarkdown(report, [], 'insight'), /insight/);
    const found = { suspects: 12, duplicates: 3 };
    const markdown = reportMarkdown({ ...report, insight: found }, [], 'insight');
    assert.match(markdown, /12 suspected label errors, 3 groups .*\(insight\/insight\.md\)/);
  });

  it('gives the same bytes for the same results', async () => {
    const report = await exampleReport();
    const twice = [join(directory, 'a'), join(directory, 'b')] as const;
    for (const folder of twice) await writeEvaluationReport(folder, report);
    for (const file of (await readdir(twice[0])).filter((name) => !name.endsWith('.png'))) {
      assert.ok(
        (await readFile(join(twice[0], file))).equals(await readFile(join(twice[1], file))),
        `${file} differs`,
      );
    }
  });

  it('leaves out what there is not: no pictures, no tuning, no test rows', async () => {
    const none = new Float32Array(0);
    await writeEvaluationReport(directory, {
      evaluation: evaluate({ text: none, image: none, fused: none, hasText: [], hasPicture: [], labels: [] }),
      textSummary: (await exampleReport()).textSummary,
      imageSummary: null,
      fusionCurve: [],
    });
    assert.deepEqual((await readdir(directory)).sort(), [
      'evaluation.json',
      'learning-curves.png',
      'learning-curves.svg',
      'report.md',
    ]);
  });
});

describe('the confusion matrix picture', () => {
  it('shows each count once and each code on both axes', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'report-'));
    try {
      const report = await exampleReport();
      await writeEvaluationReport(directory, report);
      const svg = await readFile(join(directory, 'confusion-matrix.svg'), 'utf8');
      const counts = report.evaluation.confusionMatrix.flat().filter((count) => count > 0);
      const figures = svg.match(/aria-roledescription="text mark"/g) ?? [];
      assert.equal(figures.length, counts.length);
      for (const [code, { fr, en }] of Object.entries(TYPE_CODE_NAMES)) {
        assert.ok(svg.includes(`>${code}</text>`), `column ${code}`);
        assert.ok(svg.includes(`>${code} ${fr}</tspan>`) && svg.includes(`>${en}</tspan>`), `row ${code}`);
      }
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });
});
