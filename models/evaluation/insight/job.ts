import type { ProductText } from '../../../data/catalogue.ts';
import type { Job } from '../../runtime/jobs.ts';
import { pause } from '../../runtime/pause.ts';
import type { CatalogueRow } from './answers.ts';
import { describeInsight } from './describe.ts';
import { findInsight, rowsToShow } from './find.ts';
import { createSigner, SIGNATURE, shingles } from './minhash.ts';
import { readAnswers, visitRows } from './read.ts';
import { similarTexts } from './similar-texts.ts';
import { writeInsight } from './write.ts';

/**
 * Reads the rows twice: first for the findings, keeping a signature of each text, then for the texts of those
 * that are shown. So memory does not grow with the catalogue's texts.
 */
export const insight: Job<'insight'> = async (input, context) => {
  const { judged, fusion, unseen, picturesDirectory, directory } = input;
  const rows: CatalogueRow[] = [];
  const signed: Uint32Array[] = [];
  const counts: number[] = [];
  const sign = createSigner();
  for (const one of judged) {
    context.progress({ fraction: 0.1, message: 'Reading the texts' });
    const before = rows.length;
    await visitRows([one], context, (product) => {
      const { row, productId, code, picture, part } = product;
      rows.push({ row, productId, code, picture, part });
      const found = shingles(product);
      signed.push(found.size > 0 ? sign(found) : SILENT);
    });
    counts.push(rows.length - before);
  }
  const answers = await readAnswers(
    judged.map((one, at) => ({ ...one, count: counts[at] ?? 0 })),
    rows,
    fusion,
  );
  await pause(context);
  context.progress({ fraction: 0.5, message: 'Looking for duplicates and label errors' });
  const textGroups = similarTexts(flat(signed), (place) => signed[place] === SILENT);
  await pause(context);
  const findings = findInsight({ rows, answers, textGroups });

  const shown = rowsToShow(findings, answers);
  const texts = new Map<number, ProductText>();
  await visitRows(judged, context, ({ designation, description }, place) => {
    if (shown.has(place)) texts.set(place, { designation, description });
  });
  context.progress({ fraction: 0.7, message: 'Drawing what was found' });
  const described = describeInsight({ rows, answers, findings, texts, unseen });
  await writeInsight(directory, described, { picturesDirectory, context });
  return { suspects: findings.suspectsTotal, duplicates: findings.groupsTotal };
};

const SILENT = new Uint32Array(SIGNATURE);

function flat(signatures: readonly Uint32Array[]): Uint32Array {
  const all = new Uint32Array(signatures.length * SIGNATURE);
  signatures.forEach((signature, row) => {
    all.set(signature, row * SIGNATURE);
  });
  return all;
}
