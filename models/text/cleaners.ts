import type { ProductText } from '../../data/catalogue.ts';
import { clean } from './clean.ts';
import { cleanOriginal } from './original/clean.ts';

/** french: ours. original: what the original's imported models were trained on. */
export type Cleaning = 'french' | 'original';

const CLEANERS: Readonly<Record<Cleaning, (text: ProductText) => string[]>> = {
  french: clean,
  original: cleanOriginal,
};

/** The function from a product's text to its words that a model was trained with. */
export function cleanerOf(cleaning: Cleaning): (text: ProductText) => string[] {
  return CLEANERS[cleaning];
}
