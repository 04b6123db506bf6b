import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import type { BenchCatalogue } from '../catalogue.ts';
import type { Row } from '../row.ts';
import { type Body, productBody } from './bodies.ts';
import type { Target } from './servers.ts';

const PRODUCTS = 40;
/** Weights in fewer bits move a confidence a little; other weights or other words move it by far more. */
const CLOSE = 0.05;
const SIDE = 224;

/**
 * That two servers have the same model: on how many of 40 products they say the same code about as surely. Pictures
 * come in the size that the model sees and all text in the description, since there the two read differently.
 */
export async function agreement(
  ours: Target,
  peer: Target,
  { directory, rows }: BenchCatalogue,
): Promise<Row> {
  const pictured = rows.filter(({ picture }) => picture !== null);
  const step = Math.max(1, Math.floor(pictured.length / PRODUCTS));
  const products = pictured.filter((_, place) => place % step === 0).slice(0, PRODUCTS);
  let agreed = 0;
  for (const { designation, description, picture } of products) {
    const file = await readFile(join(directory, picture?.file ?? ''));
    const pixels = await sharp(file)
      .resize(SIDE, SIDE, { fit: 'fill' })
      .removeAlpha()
      .toColourspace('srgb')
      .png()
      .toBuffer();
    const body = productBody({ designation: '.', description: `${designation} ${description}` }, pixels);
    const [one, other] = [await answer(ours, body), await answer(peer, body)];
    if (one.label === other.label && Math.abs(one.confidence - other.confidence) <= CLOSE) agreed += 1;
  }
  return {
    what: `lstm-vgg16: products of ${products.length} that both answer alike`,
    unit: '',
    ours: agreed,
    peer: products.length,
    ratio: agreed / products.length,
    target: 'at least 0.95',
    ok: agreed >= 0.95 * products.length,
  };
}

async function answer(target: Target, body: Body) {
  const { url, headers } = target.predict([]);
  const response = await fetch(url, { method: 'POST', headers, body: new Uint8Array(body.bytes) });
  if (!response.ok)
    throw new Error(`${url.split('?')[0]} answered ${response.status} ${await response.text()}`);
  const { predictions } = (await response.json()) as { predictions: { label: string; confidence: number }[] };
  return predictions[0] ?? { label: 'none', confidence: Number.NaN };
}
