import { EtiquetteError } from '../errors.ts';
import type { Family } from './family.ts';
import { efficientnet } from './image/efficientnet/recipe.ts';
import { vgg16 } from './image/vgg16/recipe.ts';
import { joined } from './text/joined/recipe.ts';
import { lstm } from './text/lstm/recipe.ts';

/** Every family that can be trained, by name. A new one is a folder and a line here. */
const FAMILIES: Readonly<Record<string, Family>> = {
  'lstm-vgg16': {
    name: 'lstm-vgg16',
    text: lstm,
    image: vgg16,
    fusion: 'convex',
    modules: {
      text: 'models/text/lstm/recipe.ts',
      image: 'models/image/vgg16/recipe.ts',
      features: 'models/image/vgg16/compute.ts',
    },
  },
  'ngram-efficientnet': {
    name: 'ngram-efficientnet',
    text: joined,
    image: efficientnet,
    fusion: 'log-linear',
    modules: {
      text: 'models/text/joined/recipe.ts',
      image: 'models/image/efficientnet/recipe.ts',
      features: 'models/image/efficientnet/compute.ts',
    },
  },
};

export const FAMILY_NAMES = Object.keys(FAMILIES);

/** @throws EtiquetteError FAMILY_UNKNOWN listing the known names. */
export function family(name: string): Family {
  const found = FAMILIES[name];
  if (!found) {
    throw new EtiquetteError('FAMILY_UNKNOWN', `No family "${name}". Known: ${FAMILY_NAMES.join(', ')}.`);
  }
  return found;
}
