import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import sharp from 'sharp';
import type { DatasetRow } from '../../../../data/catalogue.ts';
import { random } from '../../../../data/random.ts';
import { writeRows } from '../../../../data/read.ts';
import { TYPE_CODE_NAMES, TYPE_CODES } from '../../../../data/type-codes.ts';
import { writeScores } from '../../../../models/bundle/scores.ts';
import { contactSheet } from '../../../../models/evaluation/insight/contact-sheet.ts';
import { type Insight, insightSchema } from '../../../../models/evaluation/insight/format.ts';
import { insight as insightJob } from '../../../../models/evaluation/insight/job.ts';
import { CLASSES } from '../../../../models/evaluation/rows.ts';
import type { InsightInput, JobContext } from '../../../../models/runtime/jobs.ts';

const PER_CODE = 6;
const CONTEXT: JobContext = { signal: new AbortController().signal, progress: () => {} };
const HOSTILE = '=cmd|"/c calc"!A1 <script>alert(1)</script><b>Chaise</b> | [x](javascript:1) & `code`\u202e';

/** Invented products, PER_CODE of each code; each text names its code, so any other code is wrong. */
function products(): DatasetRow[] {
  const next = random(1, 'insight');
  return TYPE_CODES.flatMap((code, label) =>
    Array.from({ length: PER_CODE }, (_, at) => ({
      row: `${label * PER_CODE + at}`,
      designation: `Produit ${code}`,
      description: Array.from({ length: 20 }, () => `mot${Math.floor(next() * 3000)}`).join(' '),
      productId: `${1000 + label}`,
      imageId: '7',
      code,
      picture: at === 0 ? { file: `images/${label}.png`, sha256: `hash ${label}` } : null,
    })),
  );
}

async function writeAnswers(file: string, rows: readonly DatasetRow[], believed: (at: number) => number) {
  const n = rows.length;
  const probabilities = new Float32Array(n * CLASSES).fill(0.1 / (CLASSES - 1));
  rows.forEach((_, at) => {
    probabilities[at * CLASSES + believed(at)] = 0.9;
  });
  const uniform = new Float32Array(n * CLASSES).fill(1 / CLASSES);
  const labels = Float32Array.from(rows, ({ code }) => TYPE_CODES.indexOf(code!));
  const [hasText, hasPicture] = [new Float32Array(n).fill(1), new Float32Array(n)];
  await writeScores(file, { text: probabilities, image: uniform, hasText, hasPicture, labels });
}

describe('the insight of a catalogue', function () {
  this.timeout(30_000);
  let home: string;
  let input: InsightInput;
  let insight: Insight;
  const out = (file: string) => readFile(join(input.directory, file), 'utf8');

  before(async () => {
    home = await mkdtemp(join(tmpdir(), 'insight-'));
    await mkdir(join(home, 'images'));
    for (const label of TYPE_CODES.keys()) {
      const colour = { r: 255, g: 0, b: 0 };
      await sharp({ create: { width: 30, height: 20, channels: 3, background: colour } })
        .png()
        .toFile(join(home, 'images', `${label}.png`));
    }
    const rows = products();
    const labelOf = (at: number) => TYPE_CODES.indexOf(rows[at]!.code!);
    // Row 0 is of the code 10 for its catalogue and of 40 for the model; row 13 repeats the text of row 0.
    rows[0] = { ...rows[0]!, designation: HOSTILE };
    rows[13] = { ...rows[13]!, designation: HOSTILE, description: rows[0].description };
    const [training, test] = [rows.slice(0, 100), rows.slice(100)];
    await writeRows(join(home, 'train.ndjson'), training.slice(0, 60));
    await writeRows(join(home, 'validation.ndjson'), training.slice(60));
    await writeRows(join(home, 'test.ndjson'), test);
    await writeAnswers(join(home, 'training.safetensors'), training, (at) => (at === 0 ? 1 : labelOf(at)));
    await writeAnswers(join(home, 'test.safetensors'), test, (at) =>
      at === 0 ? labelOf(100) + 1 : labelOf(100 + at),
    );
    input = {
      judged: [
        {
          part: 'training',
          rows: [join(home, 'train.ndjson'), join(home, 'validation.ndjson')],
          answers: join(home, 'training.safetensors'),
        },
        { part: 'held-out', rows: [join(home, 'test.ndjson')], answers: join(home, 'test.safetensors') },
      ],
      fusion: { kind: 'convex', textWeight: 0.5, temperature: 1, textTemperature: 1, imageTemperature: 1 },
      unseen: true,
      picturesDirectory: home,
      directory: join(home, 'insight'),
    };
    assert.deepEqual(await insightJob(input, CONTEXT), { suspects: 2, duplicates: 1 });
    insight = JSON.parse(await out('insight.json'));
  });
  after(() => rm(home, { recursive: true, force: true }));

  it('is JSON of the documented form', () => {
    insightSchema.parse(insight);
    assert.deepEqual(insight.rows, { read: 162, answered: 162, outOfFold: 100 });
  });

  it('names each suspect with both codes, both probabilities, its texts and its picture', () => {
    const [first, second] = insight.labelErrors.suspects;
    assert.equal(first!.row, '0');
    assert.equal(first!.part, 'training');
    assert.equal(first!.productId, '1000');
    assert.deepEqual(first!.given, { code: 10, ...TYPE_CODE_NAMES[10] });
    assert.deepEqual(first!.suggested, { code: 40, ...TYPE_CODE_NAMES[40] });
    assert.equal(first!.suggestedProbability, 0.9);
    assert.equal(first!.givenProbability, 0.0038);
    assert.equal(first!.picture, 'images/0.png');
    assert.equal(second!.row, '100');
    assert.equal(second!.part, 'held-out');
  });

  it('joins the same text under two codes across training rows', () => {
    const [group] = insight.duplicates.groups;
    assert.equal(group!.similarity, 1);
    assert.deepEqual(
      group!.products.map(({ row, given }) => [row, given.code]),
      [
        ['0', 10],
        ['13', 50],
      ],
    );
  });

  it('counts the rows of each code that were learnt from', () => {
    assert.equal(insight.codes[0]!.trainingRows, PER_CODE);
    assert.equal(insight.codes.at(-1)!.trainingRows, 0);
    assert.equal(insight.codes.at(-1)!.doubled, null);
  });

  it('is a page whose links lead to files beside it', async () => {
    const page = await out('insight.md');
    const links = [...page.matchAll(/\]\(([^)]+)\)/g)].map(([, file]) => file!);
    const files = await readdir(input.directory);
    assert.deepEqual(
      links.filter((link) => !files.includes(link)).filter((link) => !link.startsWith('javascript')),
      [],
    );
    assert.ok(new Set(links).size >= 7, links.join());
  });

  it('lets no text of a product become markup, in the page or in a sheet', async () => {
    const page = await out('insight.md');
    assert.doesNotMatch(page, /<script|<b>|\u202e/);
    assert.ok(page.includes('\\[x\\]\\(javascript:1\\) &amp; \\`code\\`'), 'escaped');
    const rows = page.split('\n').filter((line) => line.startsWith('| 0 |'));
    assert.equal(rows.length, 1);
    assert.equal(rows[0]!.match(/(?<!\\)\|/g)!.length, 6, 'cells of a row');
  });

  it('lets no text of a product become a formula of a spreadsheet', async () => {
    const [head, first] = parse(await out('label-errors.csv'), { bom: true }) as string[][];
    const designation = first![head!.indexOf('designation')]!;
    assert.ok(designation.startsWith("'=cmd|"), designation);
    for (const file of (await readdir(input.directory)).filter((name) => name.endsWith('.csv'))) {
      const cells = (parse(await out(file), { bom: true }) as string[][]).flat();
      assert.deepEqual(
        cells.filter((cell) => /^[=+\-@\t\r]/.test(cell)),
        [],
        file,
      );
    }
  });

  it('speaks both languages in every code’s advice', async () => {
    const [head, ...rows] = parse(await out('codes.csv'), { bom: true }) as string[][];
    assert.equal(rows.length, TYPE_CODES.length);
    for (const row of rows) {
      assert.ok(row[head!.indexOf('advice_en')] && row[head!.indexOf('advice_fr')]);
    }
  });

  it('draws its charts and shows the suspects’ pictures', async () => {
    const { width, height } = await sharp(join(input.directory, 'code-advice.png')).metadata();
    assert.ok(width > 800 && height > 800);
    const sheet = await sharp(join(input.directory, 'label-errors.jpg')).raw().toBuffer();
    let red = 0;
    for (let at = 0; at < sheet.length; at += 3) {
      if ((sheet[at] ?? 0) > 200 && (sheet[at + 1] ?? 0) < 60) red++;
    }
    // Row 0's picture is shown 250 pixels wide, 167 high; row 100 has none.
    assert.ok(red > 40_000 && red < 43_000, `${red} red pixels`);
  });

  it('is the same bytes for the same catalogue, and names no place or time', async () => {
    const again = { ...input, directory: join(home, 'again') };
    await insightJob(again, CONTEXT);
    for (const file of await readdir(input.directory)) {
      const [one, other] = [
        await readFile(join(input.directory, file)),
        await readFile(join(again.directory, file)),
      ];
      assert.ok(one.equals(other), `${file} differs`);
      if (/\.(json|md|csv|svg)$/.test(file)) {
        assert.ok(!one.includes(home), `${file} names a folder`);
        assert.ok(!one.includes(`${new Date().getFullYear()}-`), `${file} names a date`);
      }
    }
  });

  it('does without answers, with duplicates alone', async () => {
    const directory = join(home, 'unanswered');
    const judged = [{ ...input.judged[0]!, answers: null }];
    assert.deepEqual(await insightJob({ ...input, judged, directory }, CONTEXT), {
      suspects: 0,
      duplicates: 1,
    });
    assert.ok(!(await readdir(directory)).some((file) => /\.(svg|jpg)$/.test(file)));
  });

  it('refuses answers that belong to other rows', async () => {
    const judged = [{ ...input.judged[1]!, answers: input.judged[0]!.answers }];
    await assert.rejects(insightJob({ ...input, judged }, CONTEXT), { code: 'SCORES_SHAPE_INVALID' });
  });

  it('stops when asked to', async () => {
    const signal = AbortSignal.abort(new Error('stop'));
    await assert.rejects(
      insightJob({ ...input, directory: join(home, 'stopped') }, { ...CONTEXT, signal }),
      /stop/,
    );
  });
});

describe('pictures on a contact sheet', () => {
  it('that are no pictures, too large or gone leave their place to the text', async () => {
    const svg =
      '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9" fill="red"/></svg>';
    const large = await sharp({ create: { width: 8000, height: 4000, channels: 3, background: 'red' } })
      .png()
      .toBuffer();
    const whole = await sharp({ create: { width: 300, height: 300, channels: 3, background: 'red' } })
      .jpeg()
      .toBuffer();
    const files: Record<string, Uint8Array> = {
      'a.jpg': Buffer.from(svg),
      'b.png': large,
      'c.jpg': whole.subarray(0, whole.length / 2),
    };
    const tile = (picture: string) => ({ picture, designation: '<&"> Chaise', lines: [] });
    const sheet = await contactSheet(
      [[...Object.keys(files), 'gone.jpg'].map(tile)],
      async (file) => files[file] ?? null,
    );
    const { channels } = await sharp(sheet).stats();
    assert.ok(Math.abs(channels[0]!.mean - channels[1]!.mean) < 2, 'no red anywhere');
  });
});
