import type { Word } from '../text/words.ts';

/** A word and what it did for the code: above 0 it spoke for it, below 0 against it. */
export interface WordContribution extends Word {
  readonly contribution: number;
}

/** What the text or the picture as a whole did. */
export interface Part {
  /** Its weight in the fusion: 0..1; of text and picture together 1. */
  readonly weight: number;
  /** The code's probability if there were this part alone. */
  readonly confidence: number;
  /**
   * How much it moved the answer from knowing nothing: text and picture sum to ln(27 * confidence of the code).
   * The Shapley value: the mean of what it adds to nothing and what it adds to the other part.
   */
  readonly contribution: number;
}

export interface TextExplanation extends Part {
  /**
   * weights: exact, each word's part of the code's margin; `bias`, all words and `others` sum to the margin.
   * occlusion: the code's log-probability less what it is without the word.
   */
  readonly method: 'weights' | 'occlusion';
  /** In the order of reading; of a long text the first ones. */
  readonly words: readonly WordContribution[];
  /** How many words the text has. */
  readonly totalWords: number;
  readonly bias: number | null;
  /** What the words that are not listed add together; null where that was not asked. */
  readonly others: number | null;
}

export interface ImageExplanation extends Part {
  readonly method: 'occlusion';
  readonly rows: number;
  readonly columns: number;
  /** Row by row: the code's log-probability less what it is when the region has the picture's mean colour. */
  readonly contributions: readonly number[];
}

/** Why a bundle says what it says about one product. */
export interface Explanation {
  readonly code: number;
  /** The fused probability of the code. */
  readonly confidence: number;
  /** null where there is nothing to read. */
  readonly text: TextExplanation | null;
  /** null where there is no picture. */
  readonly image: ImageExplanation | null;
  /** A PNG: the picture with its regions coloured. */
  readonly heatMap: Uint8Array | null;
}
