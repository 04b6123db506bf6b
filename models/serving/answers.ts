import { createHash } from 'node:crypto';
import type { PredictProduct } from '../runtime/jobs.ts';
import type { Prediction } from './lane.ts';

/** Answers by what was asked and which bundle gave them: asked again, they cost no inference. */
export interface Answers {
  /** @param key from `contentKey` */
  get(version: string, key: string): Prediction | null;
  add(key: string, prediction: Prediction): void;
}

/**
 * The `limit` answers that were asked for last. Those of a bundle that no longer serves are not found any more, and
 * fall out as the ones that no one asks for.
 */
export function createAnswers(limit: number): Answers {
  /** A Map keeps the order in which its entries were set: the first one is the one to drop. */
  const kept = new Map<string, Prediction>();
  const place = (version: string, key: string) => `${version} ${key}`;
  return {
    get(version, key) {
      const at = place(version, key);
      const found = kept.get(at);
      if (!found) return null;
      kept.delete(at);
      kept.set(at, found);
      return found;
    },
    add(key, prediction) {
      const { version, labels, probabilities, text, image, features } = prediction;
      // Copies: as they come from a child, a row of some bytes holds the whole message that it came in.
      const own = (row: Float32Array | null) => row?.slice() ?? null;
      kept.set(place(version, key), {
        ...{ version, labels, probabilities: probabilities.slice() },
        ...{ text: own(text), image: own(image), features },
      });
      for (const oldest of kept.keys()) {
        if (kept.size <= limit) return;
        kept.delete(oldest);
      }
    },
  };
}

/** Tells products apart by content: SHA-256 over each part behind its length, so that no text passes for another. */
export function contentKey({ designation, description, picture }: PredictProduct): string {
  const hash = createHash('sha256');
  for (const part of [Buffer.from(designation), Buffer.from(description), picture]) {
    hash.update(part ? `${part.byteLength} ` : 'none ');
    if (part) hash.update(part);
  }
  return hash.digest('base64');
}
