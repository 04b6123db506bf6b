/** Start of frame, whatever the coding: its segment says height and width. The others of 0xC0 to 0xCF are tables. */
const isFrame = (marker: number) =>
  marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;

const PNG = 0x89504e47;

/**
 * Width and height that a JPEG's or PNG's header says, before any turn; null for other formats and odd headers. A decoder
 * tells them of every format, in 50 times the time: this is for whoever has decoded the picture already.
 */
export function pictureSize(file: Uint8Array): { readonly width: number; readonly height: number } | null {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (view.byteLength >= 24 && view.getUint32(0) === PNG) {
    return { width: view.getUint32(16), height: view.getUint32(20) };
  }
  if (view.byteLength < 4 || view.getUint16(0) !== 0xffd8) return null;
  for (let at = 2; at + 9 <= view.byteLength && view.getUint8(at) === 0xff; ) {
    const marker = view.getUint8(at + 1);
    if (isFrame(marker)) return { width: view.getUint16(at + 7), height: view.getUint16(at + 5) };
    // Any number of 0xFF may stand before a marker.
    at += marker === 0xff ? 1 : 2 + view.getUint16(at + 2);
  }
  return null;
}
