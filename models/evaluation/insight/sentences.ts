import { TYPE_CODE_NAMES } from '../../../data/type-codes.ts';
import type { CodeAdvice } from './code-advice.ts';
import type { LearningCurve } from './learning-curve.ts';

export interface Bilingual {
  readonly en: string;
  readonly fr: string;
}

/** A code's advice in plain words, no surer than its figures are. */
export function adviceSentence(advice: CodeAdvice): Bilingual {
  const { action, suspects, support, takenFor, overlaps, doubled, f1Interval } = advice;
  const other = takenFor ? TYPE_CODE_NAMES[takenFor.code] : null;
  const f1 = { en: range(f1Interval, '.', 'to'), fr: range(f1Interval, ',', 'à') };
  const said: Bilingual[] = [];
  if (action === 'too-few-to-tell') {
    said.push({
      en: `Only ${support} products to judge by: too few to tell.`,
      fr: `Seulement ${support} produits pour juger : trop peu pour conclure.`,
    });
  }
  if (action === 'check-labels') {
    said.push({
      en: `Look at the given codes first: ${suspects} of ${support} are clearly contradicted.`,
      fr: `Vérifier d’abord les codes donnés : ${suspects} sur ${support} sont nettement contredits.`,
    });
  }
  if (action === 'fine') {
    said.push({ en: `Nothing urgent: F1 ${f1.en}.`, fr: `Rien d’urgent : F1 ${f1.fr}.` });
  }
  if (takenFor && other && overlaps && action !== 'fine') {
    said.push({
      en: `${takenFor.count} are taken for ${takenFor.code} ${other.en}: say what tells the two apart, and correct those on the wrong side.`,
      fr: `${takenFor.count} sont pris pour ${takenFor.code} ${other.fr} : préciser ce qui distingue les deux et corriger ceux du mauvais côté.`,
    });
  }
  if (doubled && action !== 'fine') {
    const rows = rough(doubled.rows);
    const verb = action === 'more-rows' ? 'More rows would help' : 'Then, more rows';
    const verbFr = action === 'more-rows' ? 'Plus de lignes aideraient' : 'Ensuite, plus de lignes';
    said.push({
      en: `${verb}: with about ${rows} more (as many again), F1 may go from ${two(advice.f1, '.')} to between ${range(doubled.f1, '.', 'and')}.`,
      fr: `${verbFr} : avec environ ${rows} de plus (le double), F1 pourrait passer de ${two(advice.f1, ',')} à une valeur entre ${range(doubled.f1, ',', 'et')}.`,
    });
  } else if (action === 'more-rows') {
    said.push({
      en: `F1 is ${f1.en}; its errors go to many codes, so more rows would help.`,
      fr: `F1 : ${f1.fr} ; les erreurs se répartissent sur plusieurs codes, plus de lignes aideraient.`,
    });
  }
  return { en: said.map(({ en }) => en).join(' '), fr: said.map(({ fr }) => fr).join(' ') };
}

/** Where the ranges of the advice come from. */
export function curveSentence({ low, high, measured }: LearningCurve): Bilingual {
  const share = (exponent: number) => Math.round(100 * (1 - 2 ** -exponent));
  const [least, most] = [share(low), share(high)];
  return measured
    ? {
        en: `Codes with twice the rows have ${least} to ${most} % less error in this catalogue. Codes differ in more than their rows, so take it as an order of size.`,
        fr: `Dans ce catalogue, les codes qui ont deux fois plus de lignes ont ${least} à ${most} % d’erreur en moins. Les codes diffèrent aussi par autre chose : c’est un ordre de grandeur.`,
      }
    : {
        en: `What twice the rows would bring cannot be read from this catalogue: its codes do not show it. The ranges assume ${least} to ${most} % less error, as text classifiers showed elsewhere.`,
        fr: `Ce que le double de lignes apporterait ne se lit pas dans ce catalogue. Les fourchettes supposent ${least} à ${most} % d’erreur en moins, comme ailleurs pour des classifieurs de texte.`,
      };
}

function two(value: number, point: string): string {
  return value.toFixed(2).replace('.', point);
}

function range([low, high]: readonly [number, number], point: string, word: string): string {
  return `${two(low, point)} ${word} ${two(high, point)}`;
}

/** Two digits: more would claim what nobody knows. */
function rough(count: number): number {
  return Number(count.toPrecision(2));
}
