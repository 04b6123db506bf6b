import { TYPE_CODES } from '../../../data/type-codes.ts';
import type { Answers, CatalogueRow } from './answers.ts';
import { adviseCodes, type CodeAdvice } from './code-advice.ts';
import { type Confusions, confusionsWithExamples } from './confusions.ts';
import { type DuplicateGroup, duplicatesAcrossCodes } from './duplicates.ts';
import { marginOf, type Suspect, suspectedLabelErrors } from './label-errors.ts';
import type { LearningCurve } from './learning-curve.ts';

/** How much a person is shown; the totals count all. */
const SUSPECTS = 500;
const GROUPS = 200;
const MEMBERS = 12;
const PAIRS = 15;
const EXAMPLES = 5;
/** A narrower margin is as often the model's error as the label's. */
const CLEAR = 0.5;

/** Findings as places in the list of rows: small, whatever the catalogue's size. */
export interface Findings {
  readonly suspects: readonly Suspect[];
  readonly suspectsTotal: number;
  readonly groups: readonly (DuplicateGroup & { readonly shown: readonly number[] })[];
  readonly groupsTotal: number;
  readonly confusions: Confusions;
  readonly codes: readonly CodeAdvice[];
  readonly curve: LearningCurve;
}

export interface FindInput {
  readonly rows: readonly CatalogueRow[];
  readonly answers: Answers;
  /** The group of each row's text, by name; see similarTexts. */
  readonly textGroups: ArrayLike<number>;
}

export function findInsight({ rows, answers, textGroups }: FindInput): Findings {
  const suspects = suspectedLabelErrors(answers);
  const groups = duplicatesAcrossCodes(rows, textGroups);
  const confusions = confusionsWithExamples(answers, { pairs: PAIRS, examples: EXAMPLES });
  const training = rows.filter(({ part }) => part === 'training');
  const { codes, curve } = adviseCodes({
    matrix: confusions.matrix,
    trainingRows:
      training.length > 0
        ? TYPE_CODES.map((code) => training.filter((row) => row.code === code).length)
        : null,
    suspects: TYPE_CODES.map(
      (_, label) =>
        suspects.filter((suspect) => suspect.given === label && marginOf(suspect) >= CLEAR).length,
    ),
  });
  return {
    suspects: suspects.slice(0, SUSPECTS),
    suspectsTotal: suspects.length,
    groups: groups.slice(0, GROUPS).map((group) => ({ ...group, shown: someOfEachCode(group, rows) })),
    groupsTotal: groups.length,
    confusions,
    codes,
    curve,
  };
}

/** The rows whose texts the findings show. */
export function rowsToShow(findings: Findings, answers: Answers): ReadonlySet<number> {
  const { suspects, groups, confusions } = findings;
  const answered = [...suspects.map(({ at }) => at), ...confusions.pairs.flatMap(({ examples }) => examples)];
  return new Set([
    ...answered.map((at) => answers.rows[at] as number),
    ...groups.flatMap(({ shown }) => shown),
  ]);
}

/** Takes turns among the codes, so that the few odd ones are seen among the many. */
function someOfEachCode({ members, codes }: DuplicateGroup, rows: readonly CatalogueRow[]): number[] {
  const ofCode = codes.map(({ code }) => members.filter((member) => rows[member]?.code === code));
  const shown: number[] = [];
  for (let turn = 0; shown.length < Math.min(MEMBERS, members.length); turn++) {
    for (const own of ofCode) {
      const member = own[turn];
      if (member !== undefined && shown.length < MEMBERS) shown.push(member);
    }
  }
  return shown;
}
