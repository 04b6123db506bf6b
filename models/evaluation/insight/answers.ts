import type { PictureRef } from '../../../data/catalogue.ts';
import type { TypeCode } from '../../../data/type-codes.ts';
import type { Probabilities } from '../rows.ts';

/** A labelled product without its texts: what stays in memory for a whole catalogue. */
export interface CatalogueRow {
  readonly row: string;
  readonly productId: string;
  readonly code: TypeCode;
  readonly picture: PictureRef | null;
  /** training: the model that is being judged has learnt from it. */
  readonly part: 'training' | 'held-out';
}

/** What a model that had not seen them said about some of the catalogue's rows. */
export interface Answers {
  /** Places in the list of rows, [n]. */
  readonly rows: readonly number[];
  /** Class index given by the catalogue, [n]. */
  readonly labels: Uint8Array;
  /** Row-major [n * 27]. */
  readonly probabilities: Probabilities;
}
