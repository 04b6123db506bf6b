import sharp from 'sharp';
import { MAX_PIXELS } from '../image/picture-format.ts';
import type { ImageExplanation } from './explanation.ts';

/** Longest side of the drawn picture, in pixels. */
const SIZE = 512;
/** Colours that people with any colour vision tell apart. */
const FOR = [0, 90, 255] as const;
const AGAINST = [255, 120, 0] as const;
/** Of the strongest region. */
const MOST_OPAQUE = 190;
/** A picture of which no region moves the probability by a fifth shows only pale ones. */
const LEAST_STRENGTH = 0.2;

/**
 * The picture, greyed, with its regions coloured: blue ones spoke for the code, orange ones against it, the
 * stronger the denser. `picture` has passed `ImageModel.prepare`. A PNG of at most 512 pixels a side.
 */
export async function drawHeatMap(
  picture: Uint8Array,
  { rows, columns, contributions }: Pick<ImageExplanation, 'rows' | 'columns' | 'contributions'>,
): Promise<Uint8Array> {
  const grey = await sharp(picture, { limitInputPixels: MAX_PIXELS })
    .autoOrient()
    .flatten({ background: '#ffffff' })
    .resize(SIZE, SIZE, { fit: 'inside' })
    .modulate({ saturation: 0.25 })
    .toColourspace('srgb')
    .png()
    .toBuffer({ resolveWithObject: true });
  const strongest = Math.max(LEAST_STRENGTH, ...contributions.map(Math.abs));
  const cells = Buffer.from(
    contributions.flatMap((contribution) => [
      ...(contribution > 0 ? FOR : AGAINST),
      Math.round((MOST_OPAQUE * Math.abs(contribution)) / strongest),
    ]),
  );
  const { width, height } = grey.info;
  const colours = await sharp(cells, { raw: { width: columns, height: rows, channels: 4 } })
    .resize(width, height, { fit: 'fill', kernel: 'cubic' })
    .png()
    .toBuffer();
  return sharp(grey.data)
    .composite([{ input: colours }])
    .png()
    .toBuffer();
}
