import type { ProductText } from '../../../data/catalogue.ts';
import { TYPE_CODE_NAMES, TYPE_CODES, type TypeCode } from '../../../data/type-codes.ts';
import { EtiquetteError } from '../../../errors.ts';
import { CLASSES } from '../rows.ts';
import type { Answers, CatalogueRow } from './answers.ts';
import type { Findings } from './find.ts';
import type { Insight, InsightProduct, NamedCode } from './format.ts';
import { shingles, similarity } from './minhash.ts';
import { adviceSentence, curveSentence } from './sentences.ts';
import { excerpt } from './text.ts';

const IDENTIFIER = 40;
const DESIGNATION = 160;
const DESCRIPTION = 240;

export interface DescribeInput {
  readonly rows: readonly CatalogueRow[];
  readonly answers: Answers;
  readonly findings: Findings;
  /** Texts of the rows to show, by place in the list of rows. */
  readonly texts: ReadonlyMap<number, ProductText>;
  readonly unseen: boolean;
}

/** Findings with names, texts and rounded figures: the content of insight.json. */
export function describeInsight({ rows, answers, findings, texts, unseen }: DescribeInput): Insight {
  const textOf = (place: number): ProductText => {
    const text = texts.get(place);
    if (!text) {
      throw new EtiquetteError(
        'DATASET_CORRUPT',
        'The rows changed while they were read. Split the catalogue again.',
      );
    }
    return text;
  };
  const product = (place: number): InsightProduct => {
    const { row, productId, part, picture, code } = rows[place] as CatalogueRow;
    const text = textOf(place);
    return {
      row,
      productId: excerpt(productId, IDENTIFIER),
      part,
      designation: excerpt(text.designation, DESIGNATION),
      description: excerpt(text.description, DESCRIPTION),
      picture: picture?.file ?? null,
      given: named(code),
    };
  };
  const answered = (at: number) => product(answers.rows[at] as number);
  const probability = (at: number, code: TypeCode) =>
    rounded(answers.probabilities[at * CLASSES + TYPE_CODES.indexOf(code)] as number);

  return {
    format: 1,
    rows: {
      read: rows.length,
      answered: answers.rows.length,
      outOfFold: answers.rows.filter((place) => rows[place]?.part === 'training').length,
    },
    unseen,
    labelErrors: {
      total: findings.suspectsTotal,
      suspects: findings.suspects.map(({ at, suggested, givenProbability, suggestedProbability }) => ({
        ...answered(at),
        suggested: named(TYPE_CODES[suggested] as TypeCode),
        givenProbability: rounded(givenProbability),
        suggestedProbability: rounded(suggestedProbability),
      })),
    },
    duplicates: {
      total: findings.groupsTotal,
      groups: findings.groups.map(({ kind, members, codes, shown }) => ({
        kind,
        size: members.length,
        codes: codes.map(({ code, count }) => ({ ...named(code), count })),
        similarity: rounded(closest(shown, rows, textOf)),
        products: shown.map(product),
      })),
    },
    confusions: findings.confusions.pairs.map(({ actual, predicted, count, share, examples }) => ({
      given: named(actual),
      predicted: named(predicted),
      count,
      share: rounded(share),
      examples: examples.map((at) => ({
        ...answered(at),
        givenProbability: probability(at, actual),
        predictedProbability: probability(at, predicted),
      })),
    })),
    learningCurve: {
      ...findings.curve,
      low: rounded(findings.curve.low),
      high: rounded(findings.curve.high),
      sentence: curveSentence(findings.curve),
    },
    codes: findings.codes.map((advice) => ({
      ...named(advice.code),
      trainingRows: advice.trainingRows,
      support: advice.support,
      precision: rounded(advice.precision),
      recall: rounded(advice.recall),
      f1: rounded(advice.f1),
      f1Interval: [rounded(advice.f1Interval[0]), rounded(advice.f1Interval[1])],
      suspects: advice.suspects,
      takenFor: advice.takenFor && { ...named(advice.takenFor.code), count: advice.takenFor.count },
      overlaps: advice.overlaps,
      action: advice.action,
      doubled: advice.doubled && {
        rows: advice.doubled.rows,
        f1: [rounded(advice.doubled.f1[0]), rounded(advice.doubled.f1[1])],
      },
      sentence: adviceSentence(advice),
    })),
  };
}

function closest(
  shown: readonly number[],
  rows: readonly CatalogueRow[],
  textOf: (place: number) => ProductText,
): number {
  const sets = shown.map((place) => ({ code: rows[place]?.code, found: shingles(textOf(place)) }));
  return Math.max(
    0,
    ...sets.flatMap((one, at) =>
      sets
        .slice(at + 1)
        .filter(({ code }) => code !== one.code)
        .map((other) => similarity(one.found, other.found)),
    ),
  );
}

function named(code: TypeCode): NamedCode {
  return { code, ...TYPE_CODE_NAMES[code] };
}

/** Four digits: enough to rank by, and the same on every machine. */
function rounded(value: number): number {
  return Math.round(value * 1e4) / 1e4;
}
