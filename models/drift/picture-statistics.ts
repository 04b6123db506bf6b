/** How an encoder's pixels come back to 0..255: value / scale + mean, channel by channel. */
export interface PixelForm {
  readonly layout: 'NCHW' | 'NHWC';
  /** Where red, green and blue stand. */
  readonly channels: readonly [number, number, number];
  /** Of red, green and blue. */
  readonly mean: readonly [number, number, number];
  readonly scale: readonly [number, number, number];
}

/** A square picture as its encoder sees it, and the size it came in. */
export interface SeenPicture {
  readonly pixels: Float32Array;
  readonly form: PixelForm;
  readonly width: number;
  readonly height: number;
}

/** Every seventh pixel of every seventh row: of 224 x 224 they are 1,024, and tell as much. */
const STEP = 7;
const NEAR_WHITE = 245;
/** Of black only rounding is left when the encoder's mean is put back: it has no colour. */
const DARK = 0.5;

/**
 * [width, height, brightness 0..255, contrast 0..128, saturation per mille, near-white pixels per mille]. Brightness
 * and contrast are mean and standard deviation of the luma (Rec. 601); saturation is the mean of HSV's.
 */
export type PictureStatistics = [number, number, number, number, number, number];

export function pictureStatistics({ pixels, form, width, height }: SeenPicture): PictureStatistics {
  const area = pixels.length / 3;
  const side = Math.sqrt(area);
  const [pixelStep, channelStep] = form.layout === 'NCHW' ? [1, area] : [3, 1];
  const [red, green, blue] = form.channels.map((channel) => channel * channelStep) as [
    number,
    number,
    number,
  ];
  const [meanR, meanG, meanB] = form.mean;
  const [stepR, stepG, stepB] = form.scale.map((scale) => 1 / scale) as [number, number, number];
  let [n, sum, squares, saturation, white] = [0, 0, 0, 0, 0];
  for (let y = STEP >> 1; y < side; y += STEP) {
    for (let x = STEP >> 1; x < side; x += STEP) {
      const at = (y * side + x) * pixelStep;
      const r = (pixels[at + red] as number) * stepR + meanR;
      const g = (pixels[at + green] as number) * stepG + meanG;
      const b = (pixels[at + blue] as number) * stepB + meanB;
      const luma = 0.299 * r + 0.587 * g + 0.114 * b;
      const [most, least] = [Math.max(r, g, b), Math.min(r, g, b)];
      n += 1;
      sum += luma;
      squares += luma * luma;
      if (most >= DARK) saturation += (most - least) / most;
      if (least >= NEAR_WHITE) white += 1;
    }
  }
  const brightness = sum / n;
  const contrast = Math.sqrt(Math.max(0, squares / n - brightness * brightness));
  const perMille = (value: number) => Math.round((1000 * value) / n);
  // Written so that -0 is 0.
  const light = Math.round(brightness) + 0;
  return [width, height, light, Math.round(contrast), perMille(saturation), perMille(white)];
}
