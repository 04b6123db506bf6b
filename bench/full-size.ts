import type { ProductText } from '../data/catalogue.ts';
import { random } from '../data/random.ts';
import { pick, writeText } from '../data/sample/text.ts';
import { TYPE_CODES } from '../data/type-codes.ts';
import type { LabelledRow } from './catalogue.ts';

/** Rows of the challenge's training file. */
export const FULL_SIZE = 84_916;

const WORDS = 60_000;
const WITHOUT_DESCRIPTION = 0.35;
const WITH_HTML = 0.5;
/** Share of a row's words that its own code says more often; of rows that speak of another code's product. */
const TELLING = 0.1;
const MISLEADING = 0.12;
/** Medians in words; the lengths' logarithms spread as a normal distribution with these deviations. */
const DESIGNATION = { median: 8, deviation: 0.5 };
const DESCRIPTION = { median: 80, deviation: 0.8 };

const SYLLABLES =
  'a an au be bi bou ca cha ci con da de di é en fa fi fon ga ge gran i in la le li lon ma mé mi mon'
    .concat(
      ' na ne ni non o on pa per pi plan po qua ra ré ri ron sa sé si son ta té ti ton u va ve vi vo ze',
    )
    .split(' ');

/**
 * Invented rows without pictures, as many as asked, with lengths like those of the real file (half the
 * designations below 70 characters, a third without description, the others with a long tail), codes of very
 * unequal size and words as unequal as in a language: a few are everywhere, most nearly nowhere. The same count
 * and seed give the same rows.
 */
export function inventedRows(count: number, seed = 7): LabelledRow[] {
  const next = random(seed, 'full size');
  const words = Array.from({ length: WORDS }, () => inventWord(next));
  // The largest code has some thirteen times the rows of the smallest.
  const shares = TYPE_CODES.map((_, label) => 13 ** (-label / (TYPE_CODES.length - 1)));
  const total = shares.reduce((sum, share) => sum + share);
  const anyLabel = () => {
    let left = next() * total;
    const label = shares.findIndex((share) => {
      left -= share;
      return left < 0;
    });
    return label === -1 ? 0 : label;
  };

  const sentence = (label: number, { median, deviation }: typeof DESIGNATION): string => {
    const length = Math.max(1, Math.round(median * Math.exp(deviation * normal(next))));
    return Array.from({ length: Math.min(length, 1_500) }, () => {
      const rank = Math.floor(WORDS ** next()) - 1;
      // Each code has an order of its own in which words are frequent.
      return words[next() < TELLING ? (rank * 7 + (label + 1) * 1_009) % WORDS : rank];
    }).join(' ');
  };
  return Array.from({ length: count }, (_, place): LabelledRow => {
    const label = anyLabel();
    const said = next() < MISLEADING ? anyLabel() : label;
    const start = writeText(TYPE_CODES[said] ?? 10, next);
    const text: ProductText = {
      designation: `${start.designation} ${sentence(said, DESIGNATION)}`,
      description: next() < WITHOUT_DESCRIPTION ? '' : describe(start, sentence(said, DESCRIPTION), next),
    };
    const id = `${place}`;
    return { row: id, productId: id, imageId: id, ...text, code: TYPE_CODES[label] ?? 10, picture: null };
  });
}

function describe(start: ProductText, sentence: string, next: () => number): string {
  if (next() >= WITH_HTML) return `${start.description} ${sentence}.`;
  return `<p>${start.description}</p><br />${sentence.replaceAll('é', '&eacute;')}.`;
}

function inventWord(next: () => number): string {
  return Array.from({ length: 1 + Math.floor(next() * 4) }, () => pick(SYLLABLES, next)).join('');
}

/** Box-Muller. */
function normal(next: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
}
