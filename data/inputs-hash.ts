import { createHash } from 'node:crypto';

/** What a prediction is asked with. null: there is none, which is not the same as an empty one. */
export interface AskedInputs {
  readonly designation: string | null;
  readonly description: string | null;
  /** The picture file's bytes, as they were sent. */
  readonly picture: Uint8Array | null;
}

/**
 * Tells whether two products are the same without keeping either: SHA-256 in hex over each part behind its length, so
 * that no part passes for another. Texts are hashed in Unicode NFC, in which the same words are the same bytes whatever
 * keyboard they came from.
 */
export function inputsHash({ designation, description, picture }: AskedInputs): string {
  const hash = createHash('sha256');
  for (const part of [bytesOf(designation), bytesOf(description), picture]) {
    hash.update(part ? `${part.byteLength} ` : 'none ');
    if (part) hash.update(part);
  }
  return hash.digest('hex');
}

const bytesOf = (text: string | null) => (text === null ? null : Buffer.from(text.normalize('NFC')));
