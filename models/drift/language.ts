export const LANGUAGES = ['fr', 'en', 'de', 'other'] as const;
export type Language = (typeof LANGUAGES)[number];

/**
 * Words that tell a language among its neighbours: what two of them share ("on", "an", "in", "as", "die") is left
 * out. Spanish, Italian and Dutch are known so that they are not taken for French or German.
 */
const TELLING: Readonly<Record<string, string>> = {
  fr: `le la les du des une et pour avec dans sur au aux ou par sans est sont ce cette ces son sa ses vous votre vos
    plus qui que ne pas très à l d qu être aussi chez leur nous notre en un`,
  en: `the of and for with to is are this that your from you by it be can our has have not all which will
    or at its`,
  de: `der das und mit für von ein eine einen einem einer ist nicht auf zu im den dem bei oder sie wir aus sind wird
    auch zum zur nach als ihre`,
  other: `los las el y con para del una por di della il per che gli het een van voor met`,
};

const LANGUAGE_OF: ReadonlyMap<string, Language> = new Map(
  LANGUAGES.flatMap((language) =>
    (TELLING[language] ?? '').split(/\s+/).map((word) => [word, language] as const),
  ),
);

const LETTERS: ReadonlyArray<readonly [Language, RegExp]> = [
  ['fr', /[éèêàçùûîœ]/],
  ['de', /[äöüß]/],
  ['other', /[ñìòõãåøłčšžő]|[^\p{Script=Latin}\p{N}\p{M}]/u],
];

/** A function word tells more than a letter: "é" stands in names and in borrowed words too. */
const BY_LETTER = 0.5;

/**
 * The language of a text by its function words and letters. Titles of products often have neither: they are "other",
 * like every language that is not known here. The share of each among many texts is what it is good for.
 * @param words lower-case, with accents and stop words
 */
export function guessLanguage(words: readonly string[]): Language {
  const scores = { fr: 0, en: 0, de: 0, other: 0 };
  for (const word of words) {
    const told = LANGUAGE_OF.get(word);
    if (told) scores[told] += 1;
    else for (const [language, letters] of LETTERS) if (letters.test(word)) scores[language] += BY_LETTER;
  }
  let best: Language = 'other';
  for (const language of LANGUAGES) if (scores[language] > scores[best]) best = language;
  return best;
}
