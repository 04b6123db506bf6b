import type { Insight, InsightProduct, NamedCode } from './format.ts';
import { chance, escapeMarkdown } from './text.ts';

const SUSPECTS = 25;
const GROUPS = 25;
const PRODUCTS = 4;

const ACTIONS: Readonly<Record<Insight['codes'][number]['action'], string>> = {
  'check-labels': 'check the given codes',
  'draw-the-line': 'draw the line to one other code',
  'more-rows': 'more rows',
  fine: 'nothing urgent',
  'too-few-to-tell': 'too few to tell',
};

/** The findings as a catalogue's administrator reads them; `pictures` are the files beside the page. */
export function insightMarkdown(insight: Insight, pictures: ReadonlySet<string>): string {
  const picture = (file: string, words: string) => (pictures.has(file) ? `![${words}](${file})` : '');
  const sections = [
    '# What to do about the catalogue',
    introduction(insight),
    '## Suspected label errors',
    ...suspectedErrors(insight, picture('label-errors.jpg', 'The surest suspects with their pictures')),
    '## The same product under different codes',
    ...duplicates(insight),
    '## What is taken for what',
    ...confusions(insight, [
      picture('top-confusions.svg', 'The most frequent confusions'),
      picture('confusions.jpg', 'Examples of the most frequent confusions'),
    ]),
    '## Each code',
    insight.learningCurve.sentence.en,
    picture('code-advice.svg', 'What would help each code most'),
    ...codes(insight),
  ];
  return `${sections.filter(Boolean).join('\n\n')}\n`;
}

function introduction({ rows, unseen }: Insight): string {
  const heldOut = rows.answered - rows.outOfFold;
  const asked = [
    ...(rows.outOfFold > 0 ? [`${rows.outOfFold} out of fold`] : []),
    ...(heldOut > 0 ? [`${heldOut} by the finished model`] : []),
  ];
  return [
    `${rows.read} labelled products were read; ${rows.answered} were answered${asked.length > 0 ? ` (${asked.join(', ')})` : ''}.`,
    unseen
      ? 'Every answer comes from a model that had not seen the product.'
      : '**Whether the model has learnt from these very products is not known.** If it has, its answers agree with wrong codes too, and many errors stay hidden.',
    'A finding is a reason to look, not a verdict. All of it stands in `insight.json` and the CSV files beside this page.',
  ].join(' ');
}

function suspectedErrors({ labelErrors: { total, suspects } }: Insight, sheet: string): string[] {
  if (total === 0) return ['No given code is confidently contradicted.'];
  return [
    `${total} ${total === 1 ? 'product is' : 'products are'} confidently of another code than the given one; the surest come first ([label-errors.csv](label-errors.csv)).`,
    sheet,
    table(
      ['row', 'product', 'text', 'given code', 'suggested code'],
      suspects
        .slice(0, SUSPECTS)
        .map((suspect) => [
          escapeMarkdown(suspect.row),
          escapeMarkdown(suspect.productId),
          words(suspect),
          `${name(suspect.given)} (${chance(suspect.givenProbability)})`,
          `**${name(suspect.suggested)}** (${chance(suspect.suggestedProbability)})`,
        ]),
    ),
  ];
}

function duplicates({ duplicates: { total, groups } }: Insight): string[] {
  if (total === 0) return ['No text and no picture was found under more than one code.'];
  return [
    `Products that share (nearly) their text or their picture but not their code, in ${total} ${total === 1 ? 'group' : 'groups'}: at least one code of each is wrong, or the codes overlap ([duplicates.csv](duplicates.csv)).`,
    table(
      ['what is the same', 'products', 'codes', 'such as'],
      groups.slice(0, GROUPS).map(({ kind, similarity, size, codes: own, products }) => [
        kind === 'picture' ? 'picture' : similarity === 1 ? 'text' : `${percent(similarity)} of the text`,
        `${size}`,
        own.map((code) => `${code.count} × ${name(code)}`).join('<br>'),
        products
          .slice(0, PRODUCTS)
          .map((product) => `${escapeMarkdown(product.row)} (${product.given.code}): ${words(product)}`)
          .join('<br>'),
      ]),
    ),
  ];
}

function confusions({ confusions: pairs }: Insight, pictures: readonly string[]): string[] {
  if (pairs.length === 0) return ['No product was taken for another code.'];
  return [
    ...pictures,
    'With the surest examples of each ([confusions.csv](confusions.csv)).',
    table(
      ['given code', 'taken for', 'products', 'share of the given code', 'such as'],
      pairs.map(({ given, predicted, count, share, examples }) => [
        name(given),
        name(predicted),
        `${count}`,
        percent(share),
        examples
          .slice(0, PRODUCTS)
          .map((example) => `${escapeMarkdown(example.row)}: ${words(example)}`)
          .join('<br>'),
      ]),
    ),
  ];
}

/** Codes with most products to gain first. */
function codes({ codes: all }: Insight): string[] {
  const urgent = [...all].sort((a, b) => rank(b) - rank(a) || a.f1 - b.f1 || a.code - b.code);
  return [
    table(
      ['code', 'name', 'nom', 'training rows', 'judged', 'F1 (95 %)', 'what would help most'],
      urgent.map((code) => [
        `${code.code}`,
        code.en,
        code.fr,
        code.trainingRows === null ? '-' : `${code.trainingRows}`,
        `${code.support}`,
        code.support === 0
          ? '-'
          : `${code.f1.toFixed(2)} (${code.f1Interval.map((end) => end.toFixed(2)).join(' to ')})`,
        ACTIONS[code.action],
      ]),
    ),
    urgent.map((code) => `- **${name(code)}**: ${code.sentence.en}<br>*${code.sentence.fr}*`).join('\n'),
  ];
}

function rank({ action, support, recall }: Insight['codes'][number]): number {
  return action === 'fine' || action === 'too-few-to-tell' ? -1 : Math.round(support * (1 - recall));
}

function words({ designation, description }: InsightProduct): string {
  return escapeMarkdown(designation === '' ? description : designation);
}

function name({ code, en, fr }: NamedCode): string {
  return `${code} ${en} / ${fr}`;
}

function percent(value: number): string {
  return `${Math.round(100 * value)} %`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
