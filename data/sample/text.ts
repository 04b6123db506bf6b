import type { ProductText } from '../catalogue.ts';
import { TYPE_CODES, type TypeCode } from '../type-codes.ts';
import { DEPARTMENT_WORDS, NOISE, VOCABULARY } from './words.ts';

/** Shares of products; together they keep a text model well above chance and well below perfect. */
const VAGUE = 0.17;
const WITHOUT_DESCRIPTION = 0.3;
const WITH_HTML = 0.5;

/** A designation and a description as sellers write them: vague at times, with HTML, entities and noise. */
export function writeText(code: TypeCode, next: () => number): ProductText {
  const { department } = VOCABULARY[code];
  // A vague seller names the department, and describes some other product of it.
  const vague = next() < VAGUE;
  const source = VOCABULARY[vague ? pick(neighbours(code), next) : code];
  const thing = vague ? pick(DEPARTMENT_WORDS[department], next) : pick(source.things, next);
  const trait = pick(source.traits, next);
  const maker = next() < 0.5 ? ` ${pick(NOISE.makers, next)}` : '';
  const colour = next() < 0.4 ? ` ${pick(NOISE.colours, next)}` : '';
  const detail = next() < 0.6 ? ` - ${trait}` : ` ${pick(DEPARTMENT_WORDS[department], next)}`;
  const designation = capital(`${thing}${maker}${colour}${detail}`);
  if (next() < WITHOUT_DESCRIPTION) return { designation, description: '' };

  const sentences = [
    `${capital(trait)}, ${pick(DEPARTMENT_WORDS[department], next)}.`,
    `${capital(pick(NOISE.remarks, next))} : ${pick(NOISE.colours, next)}, réf. ${Math.floor(next() * 9000) + 1000}.`,
    `Idéal pour ${pick(DEPARTMENT_WORDS[department], next)} & ${pick(DEPARTMENT_WORDS[department], next)}.`,
    `"${capital(pick(source.traits, next))}" selon ${pick(NOISE.makers, next)}.`,
  ].slice(0, 1 + Math.floor(next() * 4));
  return {
    designation,
    description: next() < WITH_HTML ? asHtml(sentences) : sentences.join(next() < 0.3 ? '\n' : ' '),
  };
}

function neighbours(code: TypeCode): TypeCode[] {
  const { department } = VOCABULARY[code];
  return TYPE_CODES.filter((other) => VOCABULARY[other].department === department);
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  é: '&eacute;',
  è: '&egrave;',
  à: '&agrave;',
  ê: '&ecirc;',
  '’': '&#39;',
  '"': '&quot;',
};

function asHtml(sentences: readonly string[]): string {
  const [first, ...rest] = sentences.map((sentence) =>
    sentence.replace(/[&éèàê’"]/g, (character) => ENTITIES[character] ?? character),
  );
  return `<p class="texte"><b>${first}</b></p>${rest.map((sentence) => `<br />${sentence}`).join('')}`;
}

export function pick<T>(items: readonly T[], next: () => number): T {
  return items[Math.floor(next() * items.length)] as T;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
