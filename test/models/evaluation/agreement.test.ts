import { strict as assert } from 'node:assert';
import { agrees } from '../../../models/evaluation/agreement.ts';

describe('whether a quick engine may stand for the float one', () => {
  const agreement = (pictures: number, picturePoints: number, fusedPoints: number) => ({
    ...{ rows: 4000, samePictureCodes: 1, sameFusedCodes: 1 },
    ...{ pictures, picturePoints, fusedPoints },
  });

  for (const [what, pictures, picturePoints, fusedPoints, may] of [
    ['scores as the float one', 4000, 0, 0, true],
    ['is 0.2 points worse, or better', 4000, -0.2, 0.2, true],
    ['is more than 0.2 points worse in the bundle’s answers', 4000, 0, -0.21, false],
    ['is better by more than that', 4000, 0, 0.21, false],
    ['differs more in the pictures alone', 4000, -0.21, 0, false],
    ['differs by less than one of few pictures counts', 100, -0.99, 0, true],
    ['differs by more than one of few pictures counts', 100, -1.01, 0, false],
    ['differs in the bundle’s answers, with few pictures', 100, 0, -0.21, false],
    ['was compared on no picture', 0, 0, 0, false],
    ['gave no numbers', 4000, Number.NaN, 0, false],
    ['gave no numbers in the bundle’s answers', 4000, 0, Number.NaN, false],
  ] as const) {
    it(`${may ? 'yes' : 'no'}, when it ${what}`, () =>
      assert.equal(agrees(agreement(pictures, picturePoints, fusedPoints)), may));
  }
});
