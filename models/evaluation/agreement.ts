import type { Agreement } from '../bundle/format.ts';
import { type Fusion, fuse } from '../fusion/fuse.ts';
import { type EvaluationInput, evaluate } from './metrics.ts';
import { topClass } from './rows.ts';

type Answers = Omit<EvaluationInput, 'fused'>;

/** Both are of the same labelled rows in the same order. */
export function agreementOf(float: Answers, quick: Answers, fusion: Fusion): Agreement {
  const [one, other] = [float, quick].map((answers) => {
    const fused = fuse(answers, fusion);
    const { metrics } = evaluate({ ...answers, fused });
    return { image: answers.image, fused, metrics };
  }) as [Judged, Judged];
  const pictured = Array.from(float.hasPicture).flatMap((has, row) => (has ? [row] : []));
  const same = (part: 'image' | 'fused') =>
    pictured.filter((row) => topClass(one[part], row) === topClass(other[part], row)).length /
    Math.max(pictured.length, 1);
  const points = (part: 'image' | 'fused') =>
    100 * (other.metrics[part].weightedF1 - one.metrics[part].weightedF1);
  return {
    rows: float.labels.length,
    pictures: pictured.length,
    picturePoints: points('image'),
    fusedPoints: points('fused'),
    samePictureCodes: same('image'),
    sameFusedCodes: same('fused'),
  };
}

interface Judged {
  readonly image: Float32Array;
  readonly fused: Float32Array;
  readonly metrics: ReturnType<typeof evaluate>['metrics'];
}

/** In points of 100, either way: an engine that is better by chance is another engine all the same. */
const LIMIT = 0.2;

/**
 * Whether a quick engine may stand for the float one: the bundle's answers agree within the limit, and those of its
 * picture part too, or within what one picture counts where there are too few to tell so small a difference. Written
 * so that NaN never may; nor where nothing was compared.
 */
export function agrees({ pictures, picturePoints, fusedPoints }: Agreement): boolean {
  const onePicture = 100 / pictures;
  return (
    pictures > 0 && Math.abs(fusedPoints) <= LIMIT && Math.abs(picturePoints) <= Math.max(LIMIT, onePicture)
  );
}
