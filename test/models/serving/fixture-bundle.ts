import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { REFERENCE } from '../../../models/bundle/reference.ts';
import { writeBundle } from '../../../models/bundle/write.ts';
import type { DriftFeatures } from '../../../models/drift/features.ts';
import type { Jobs, MlProcess } from '../../../models/runtime/jobs.ts';
import { supervise } from '../../../models/runtime/supervisor.ts';

/**
 * Writes a bundle whose fixture model always says `favourite`; its golden product expects `golden`. `behaviour` is
 * what it does to every other product: "die", or "wait" so many milliseconds; `reference`, what its stream is compared with.
 */
export async function fixtureBundle(
  bundles: string,
  {
    favourite,
    golden = favourite,
    behaviour = '',
    reference,
  }: { favourite: number; golden?: number; behaviour?: string; reference?: string },
): Promise<string> {
  const parts = await mkdtemp(`${bundles}-parts-`);
  for (const part of ['text', 'image']) await mkdir(join(parts, part));
  await writeFile(join(parts, 'text', 'favourite'), String(favourite));
  await writeFile(join(parts, 'text', 'behaviour'), behaviour);
  await writeFile(join(parts, 'image', 'model'), 'none');
  const probabilities = Array.from({ length: 27 }, (_, column) => (column === golden ? 0.9 : 0.1 / 26));
  const bundle = await writeBundle(bundles, {
    family: 'lstm-vgg16',
    text: { recipe: 'lstm', parameters: {}, directory: join(parts, 'text') },
    image: { recipe: 'vgg16', parameters: {}, directory: join(parts, 'image') },
    encoders: { image: { name: 'none', sha256: '0'.repeat(64), source: 'a test' }, text: null },
    fusion: { kind: 'convex', textWeight: 0.5, temperature: 1, textTemperature: 1, imageTemperature: 1 },
    lineage: null,
    metrics: null,
    golden: [{ designation: GOLDEN, description: '', picture: null, pictureSource: null, probabilities }],
    texts: reference === undefined ? {} : { [REFERENCE]: reference },
    madeBy: { at: '2025-01-01T00:00:00Z', workflowId: null, runId: null, etiquette: '0.1.0' },
  });
  return bundle.version;
}

/** The product that every fixture bundle answers. */
export const GOLDEN = 'Piscine ronde';

/** What the stream is watched by, of a product whose designation begins with "watched". */
export const FEATURES: DriftFeatures = {
  ...{ code: 1280, answer: [900, 896], text: [7, 1, 0, 3], picture: null },
  ...{ read: null, seen: Array.from({ length: 16 }, (_, axis) => axis) },
};

/** The fixture child under the real supervisor. */
export function fixtureMl(): MlProcess {
  return supervise<Jobs>({
    name: 'fixture',
    entry: new URL('fixture-child.ts', import.meta.url),
    env: { PATH: process.env.PATH ?? '' },
  });
}
