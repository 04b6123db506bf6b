import type { ProductText } from '../../../data/catalogue.ts';
import { withoutMarkup } from '../clean.ts';

/** What the encoder reads of a product. */
export interface Sentences {
  readonly designation: string;
  /** Designation and description: the same text as the designation when there is no description. */
  readonly whole: string;
}

/** No markup, one space between words. Case, accents and punctuation stay: the encoder learnt from such texts. */
export function sentencesOf({ designation, description }: ProductText): Sentences {
  return { designation: tidy(designation), whole: tidy(`${designation} ${description}`) };
}

function tidy(field: string): string {
  return withoutMarkup(field).normalize('NFC').replace(/\s+/g, ' ').trim();
}
