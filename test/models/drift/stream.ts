import { random } from '../../../data/random.ts';
import { TYPE_CODES } from '../../../data/type-codes.ts';
import type { DriftFeatures } from '../../../models/drift/features.ts';
import type { ReferenceRow } from '../../../models/drift/reference.ts';

type Change = (features: DriftFeatures, next: () => number) => DriftFeatures;

/** An invented stream: codes of unequal frequency, features that depend on the code, pictures for 6 in 10. */
export function streamOf(n: number, seed: number, change: Change = (features) => features): ReferenceRow[] {
  const next = random(seed, 'test', 'stream');
  const normal = () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
  const clip = (value: number, low: number, high: number) => Math.round(Math.min(high, Math.max(low, value)));
  return Array.from({ length: n }, () => {
    const topic = Math.floor(TYPE_CODES.length * next() ** 1.5);
    const code = TYPE_CODES[topic]!;
    const confidence = clip(1000 * (1 - 0.6 * next() ** 2), 100, 1000);
    const place = () =>
      Array.from({ length: 16 }, (_, axis) =>
        clip(40 * Math.sin(topic * (axis + 1)) + 30 * normal(), -999, 999),
      );
    const words = clip(Math.exp(3 + 0.3 * (topic % 4) + 0.6 * normal()), 1, 3000);
    const white = next() < 0.6;
    const features: DriftFeatures = {
      code,
      answer: [confidence, clip(confidence - 200 * next(), 0, 1000)],
      text: [words * 6, words, clip(1000 * next() ** 2, 0, 1000), next() < 0.75 ? 0 : next() < 0.5 ? 1 : 3],
      picture:
        next() < 0.6
          ? [
              500,
              500,
              clip((white ? 210 : 130) + 25 * normal(), 0, 255),
              clip(60 + 20 * normal(), 0, 128),
              clip(300 * next(), 0, 1000),
              white ? clip(600 + 150 * normal(), 0, 1000) : 0,
            ]
          : null,
      read: place(),
      seen: null,
    };
    const pictured = features.picture ? { ...features, seen: place() } : features;
    const right = next() * 1000 < confidence;
    return {
      features: change(pictured, next),
      code: right ? code : TYPE_CODES[(topic + 1) % TYPE_CODES.length]!,
    };
  });
}

export const featuresOf = (rows: readonly ReferenceRow[]) => rows.map(({ features }) => features);
