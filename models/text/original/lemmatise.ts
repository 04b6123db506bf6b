import { readFileSync } from 'node:fs';

/** WordNet's rules for English noun endings, in NLTK's order. */
const ENDINGS: readonly (readonly [plural: string, singular: string])[] = [
  ['s', ''],
  ['ses', 's'],
  ['ves', 'f'],
  ['xes', 'x'],
  ['zes', 'z'],
  ['ches', 'ch'],
  ['shes', 'sh'],
  ['men', 'man'],
  ['ies', 'y'],
];

interface Nouns {
  readonly known: ReadonlySet<string>;
  readonly irregular: ReadonlyMap<string, string>;
}

let nouns: Nouns | undefined;

/**
 * The base form of an English noun as NLTK's WordNetLemmatizer gives it: the shortest form that WordNet
 * knows, else the word itself. The original did this to French words; its models know nothing else.
 * @param word lower-case letters a-z.
 * @example lemmatise('consoles'); // 'console'
 * @example lemmatise('livres'); // 'livres': WordNet has no "livre"
 */
export function lemmatise(word: string): string {
  nouns ??= readNouns();
  const irregular = nouns.irregular.get(word);
  const forms =
    irregular === undefined
      ? ENDINGS.filter(([plural]) => word.endsWith(plural)).map(
          ([plural, singular]) => word.slice(0, word.length - plural.length) + singular,
        )
      : [irregular];
  let shortest: string | undefined;
  for (const form of [word, ...forms]) {
    if (nouns.known.has(form) && (shortest === undefined || form.length < shortest.length)) shortest = form;
  }
  return shortest ?? word;
}

/** Half a megabyte, read when the first imported model needs it. */
function readNouns(): Nouns {
  const lines = (name: string) =>
    readFileSync(new URL(name, import.meta.url), 'utf8')
      .trimEnd()
      .split('\n');
  return {
    known: new Set(lines('nouns.txt')),
    irregular: new Map(lines('noun-exceptions.txt').map((line) => line.split(' ') as [string, string])),
  };
}
