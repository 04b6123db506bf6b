import { type DriftFeatures, driftFeaturesSchema } from './features.ts';
import type { DriftWindow } from './report.ts';

/** An answer on record. */
export interface Observed {
  /** ISO 8601. */
  readonly at: string;
  /** Of what was asked; null: not known. */
  readonly inputsHash: string | null;
  readonly code: number;
  /** DriftFeatures as JSON; null: none were kept. */
  readonly features: string | null;
  /** The code that a person gave; null: nobody looked. */
  readonly corrected: number | null;
}

/**
 * The last `most` products of these answers, the newest answer first. One that was asked about again counts once: a client's test
 * product, sent every minute, would look like a stream of nothing else. Answers without features that can be read are
 * left out.
 */
export function windowOf(answers: readonly Observed[], most: number): DriftWindow {
  const products = new Map<string, Product>();
  answers.forEach(({ inputsHash, ...answer }, place) => {
    const features = answer.features === null ? null : readFeatures(answer.features);
    if (!features) return;
    const product = inputsHash ?? `${place}`;
    const known = products.get(product);
    if (!known && products.size === most) return;
    const right = answer.corrected === null ? null : answer.corrected === answer.code;
    products.set(
      product,
      known ? { ...known, right: known.right ?? right } : { at: answer.at, features, right },
    );
  });
  const kept = [...products.values()];
  const checked = kept.filter(({ right }) => right !== null);
  return {
    from: kept.at(-1)?.at ?? null,
    to: kept[0]?.at ?? null,
    predictions: kept.map(({ features }) => features),
    checked:
      checked.length === 0 ? null : { n: checked.length, right: checked.filter(({ right }) => right).length },
  };
}

interface Product {
  readonly at: string;
  readonly features: DriftFeatures;
  /** Whether a person found the answer right; null: nobody looked. */
  readonly right: boolean | null;
}

/** null: damaged, or of another version. */
function readFeatures(json: string): DriftFeatures | null {
  try {
    return driftFeaturesSchema.parse(JSON.parse(json));
  } catch {
    return null;
  }
}
