import { TYPE_CODE_NAMES } from '../../data/type-codes.ts';
import type { Bilingual } from '../evaluation/insight/sentences.ts';
import { LANGUAGES } from './language.ts';
import { FEATURE_TITLES } from './names.ts';
import { codeOf, type FeatureName } from './watched.ts';

export interface Compared {
  readonly value: number;
  readonly before: readonly number[];
  readonly now: readonly number[];
  readonly decilesThen: readonly number[];
  readonly decilesNow: readonly number[];
}

const LANGUAGE_TITLES: Readonly<Record<(typeof LANGUAGES)[number], Bilingual>> = {
  fr: { en: 'French', fr: 'français' },
  en: { en: 'English', fr: 'anglais' },
  de: { en: 'German', fr: 'allemand' },
  other: { en: 'another language or unclear', fr: 'autre langue ou incertain' },
};

/** Where the stream is now and where it was at the training, in one sentence. */
export function sentenceOf(name: FeatureName, compared: Compared): Bilingual {
  const title = FEATURE_TITLES[name];
  if (compared.decilesThen.length > 0) return numbersSentence(name, compared);
  if (compared.before.length === 0) {
    const far = compared.value.toFixed(1);
    return {
      en: `${title.en}: now ${far} standard deviations from where they were at the training, in the mean.`,
      fr: `${title.fr} : maintenant à ${far.replace('.', ',')} écarts-types de ce qu’ils étaient à l’apprentissage, en moyenne.`,
    };
  }
  const changed = mostChanged(compared);
  const [then, now] = [compared.before[changed] as number, compared.now[changed] as number];
  const cell = cellTitle(name, changed);
  return {
    en: `${title.en}${cell.en}: ${percent(then)} at the training, ${percent(now)} now.`,
    fr: `${title.fr}${cell.fr} : ${percent(then)} à l’apprentissage, ${percent(now)} maintenant.`,
  };
}

function mostChanged({ before, now }: Compared): number {
  const gaps = before.map((share, cell) => Math.abs(share - (now[cell] ?? 0)));
  return gaps.indexOf(Math.max(...gaps));
}

function cellTitle(name: FeatureName, cell: number): Bilingual {
  if (name === 'code') {
    const code = codeOf(cell);
    const title = TYPE_CODE_NAMES[code];
    return { en: `, most of all ${code} ${title.en}`, fr: `, surtout ${code} ${title.fr}` };
  }
  if (name === 'language') {
    const title = LANGUAGE_TITLES[LANGUAGES[cell] ?? 'other'];
    return { en: `, ${title.en}`, fr: `, ${title.fr}` };
  }
  // Of two cells both change alike; the first is "without".
  return cell === 0 ? { en: ', those without', fr: ', ceux sans' } : { en: '', fr: '' };
}

function numbersSentence(name: FeatureName, { decilesThen, decilesNow }: Compared): Bilingual {
  const title = FEATURE_TITLES[name];
  const [low, middle, high] = decilesThen.map((value) => figure(name, value));
  const [lowNow, middleNow, highNow] = decilesNow.map((value) => figure(name, value));
  const en = `${title.en}: median ${middle} at the training, ${middleNow} now (eight in ten from ${low} to ${high}, now from ${lowNow} to ${highNow}).`;
  const french = (text: string | undefined) => (text ?? '').replace('.', ',');
  return {
    en,
    fr: `${title.fr} : médiane ${french(middle)} à l’apprentissage, ${french(middleNow)} maintenant (huit sur dix de ${french(low)} à ${french(high)}, maintenant de ${french(lowNow)} à ${french(highNow)}).`,
  };
}

/** A number as people read it. */
export function figure(name: FeatureName, value: number): string {
  if (name === 'ratio') return (2 ** value).toFixed(2);
  if (name === 'pixels') return (2 ** value / 1e6).toFixed(2);
  const whole = ['characters', 'words', 'brightness', 'contrast'];
  return whole.includes(name) ? `${Math.round(value)}` : percent(value);
}

const percent = (share: number) => `${Math.round(100 * share)} %`;
