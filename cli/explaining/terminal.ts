import { nameOf, type ShownExplanation, strengths } from './shown.ts';

/** Weaker ones have no sign: a twentieth of the strongest. */
const FAINT = 0.05;
const LISTED = 10;

const BLUE = '\u001b[94m';
const YELLOW = '\u001b[33m';
const PLAIN = '\u001b[39m';

/**
 * The explanation for a terminal: each word with one to three signs for its strength, the strongest words with
 * their numbers, and the picture's regions as a table of signs. Words carry colours too where there are any.
 */
export function explanationText(shown: ShownExplanation, colours: boolean): string {
  const { explanation, bundle } = shown;
  const { code, confidence, text, image } = explanation;
  const paint = (strength: number, word: string) =>
    colours && signs(strength) !== '' ? `${strength > 0 ? BLUE : YELLOW}${word}${PLAIN}` : word;
  const lines = [`${code} ${nameOf(shown)}: ${confidence.toFixed(3)} (bundle ${bundle})`];

  if (text) {
    lines.push(
      '',
      `Text: ${signed(text.contribution)} (${text.confidence.toFixed(3)} alone), by ${text.method}`,
    );
    const strength = strengths(text.words.map(({ contribution }) => contribution));
    for (const field of ['designation', 'description'] as const) {
      const words = text.words.flatMap((word, at) =>
        word.field === field
          ? [paint(strength[at] ?? 0, `${signs(strength[at] ?? 0)}${printable(word.text)}`)]
          : [],
      );
      if (words.length > 0) lines.push(`  ${field}: ${words.join(' ')}`);
    }
    const left = text.totalWords - text.words.length;
    if (left > 0) lines.push(`  ... and ${left} more words`);
    const strongest = [...text.words].sort((a, b) => Math.abs(b.contribution) - Math.abs(a.contribution));
    for (const { text: word, contribution } of strongest.slice(0, LISTED)) {
      lines.push(`  ${signed(contribution)}  ${paint(Math.sign(contribution), printable(word))}`);
    }
  }
  if (image) {
    lines.push(
      '',
      `Picture: ${signed(image.contribution)} (${image.confidence.toFixed(3)} alone), by ${image.method}`,
    );
    const strength = strengths(image.contributions);
    for (let from = 0; from < strength.length; from += image.columns) {
      const cells = strength.slice(from, from + image.columns);
      const marks = cells.map((one) => [one, signs(one) || '.'] as const);
      const row = marks.map(([one, mark]) => paint(one, mark) + ' '.repeat(4 - mark.length)).join('');
      lines.push(`  ${row.trimEnd()}`);
    }
  }
  if (!text && !image) lines.push('', 'There is neither text nor picture: every code is as probable.');
  return `${lines.join('\n')}\n`;
}

function signs(strength: number): string {
  const size = Math.abs(strength);
  const count = size < FAINT ? 0 : size < 1 / 3 ? 1 : size < 2 / 3 ? 2 : 3;
  return (strength > 0 ? '+' : '-').repeat(count);
}

function signed(contribution: number): string {
  return `${contribution < 0 ? '-' : '+'}${Math.abs(contribution).toFixed(3)}`;
}

/** A product's text is a stranger's: it must not steer the terminal. */
function printable(text: string): string {
  return text.replaceAll(/\p{C}/gu, '');
}
