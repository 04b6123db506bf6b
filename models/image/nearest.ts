/**
 * Pillow's Image.resize((size, size), NEAREST) on RGB bytes, to the pixel. Its coordinate is a sum that
 * grows by the scale from pixel to pixel, rounding errors included, so that is how it is computed here.
 */
export function resizeNearest(
  rgb: Uint8Array,
  from: { readonly width: number; readonly height: number },
  size: number,
): Uint8Array {
  const columns = sourceIndexes(from.width, size);
  const rows = sourceIndexes(from.height, size);
  const result = new Uint8Array(size * size * 3);
  let to = 0;
  for (const row of rows) {
    for (const column of columns) {
      const at = (row * from.width + column) * 3;
      result[to++] = rgb[at] ?? 0;
      result[to++] = rgb[at + 1] ?? 0;
      result[to++] = rgb[at + 2] ?? 0;
    }
  }
  return result;
}

function sourceIndexes(length: number, size: number): number[] {
  const scale = length / size;
  const indexes: number[] = [];
  for (let coordinate = scale / 2; indexes.length < size; coordinate += scale) {
    indexes.push(Math.min(Math.trunc(coordinate), length - 1));
  }
  return indexes;
}
