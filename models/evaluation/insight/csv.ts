import { stringify } from 'csv-stringify/sync';
import type { Insight, InsightProduct, NamedCode } from './format.ts';

type Cell = string | number | null;

/** The lists of an insight as CSV by file name: for spreadsheets, so no cell can be taken for a formula. */
export function insightCsv(insight: Insight): ReadonlyMap<string, string> {
  return new Map([
    [
      'label-errors.csv',
      csv(
        [
          ...PRODUCT,
          ...codeHead('given'),
          ...codeHead('suggested'),
          'given_probability',
          'suggested_probability',
        ],
        insight.labelErrors.suspects.map((suspect) => [
          ...productCells(suspect),
          ...codeCells(suspect.given),
          ...codeCells(suspect.suggested),
          suspect.givenProbability,
          suspect.suggestedProbability,
        ]),
      ),
    ],
    [
      'duplicates.csv',
      csv(
        ['group', 'kind', 'group_size', 'similarity', ...PRODUCT, ...codeHead('given')],
        insight.duplicates.groups.flatMap(({ kind, size, similarity, products }, group) =>
          products.map((product) => [
            group + 1,
            kind,
            size,
            similarity,
            ...productCells(product),
            ...codeCells(product.given),
          ]),
        ),
      ),
    ],
    [
      'confusions.csv',
      csv(
        [
          ...codeHead('given'),
          ...codeHead('predicted'),
          'products',
          'share_of_given',
          ...PRODUCT,
          'given_probability',
          'predicted_probability',
        ],
        insight.confusions.flatMap(({ given, predicted, count, share, examples }) =>
          examples.map((example) => [
            ...codeCells(given),
            ...codeCells(predicted),
            count,
            share,
            ...productCells(example),
            example.givenProbability,
            example.predictedProbability,
          ]),
        ),
      ),
    ],
    [
      'codes.csv',
      csv(
        [
          ...codeHead('given'),
          ...['training_rows', 'judged_rows', 'precision', 'recall', 'f1', 'f1_low', 'f1_high', 'suspects'],
          ...[
            'taken_for',
            'taken_for_products',
            'action',
            'rows_to_double',
            'doubled_f1_low',
            'doubled_f1_high',
          ],
          ...['advice_en', 'advice_fr'],
        ],
        insight.codes.map((code) => [
          ...codeCells(code),
          ...[code.trainingRows, code.support, code.precision, code.recall, code.f1, ...code.f1Interval],
          code.suspects,
          ...[code.takenFor?.code ?? null, code.takenFor?.count ?? null, code.action],
          ...[code.doubled?.rows ?? null, code.doubled?.f1[0] ?? null, code.doubled?.f1[1] ?? null],
          ...[code.sentence.en, code.sentence.fr],
        ]),
      ),
    ],
  ]);
}

const PRODUCT = ['row', 'product_id', 'part', 'designation', 'description', 'picture'];

function productCells(product: InsightProduct): Cell[] {
  const { row, productId, part, designation, description, picture } = product;
  return [row, productId, part, designation, description, picture];
}

const codeHead = (what: string) => [`${what}_code`, `${what}_fr`, `${what}_en`];
const codeCells = ({ code, fr, en }: NamedCode): Cell[] => [code, fr, en];

/** With a byte order mark, without which Excel takes UTF-8 for something else. */
function csv(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  return stringify([head, ...rows] as Cell[][], { bom: true, escape_formulas: true });
}
