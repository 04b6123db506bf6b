const SIGNATURES: ReadonlyArray<{ readonly at: number; readonly bytes: readonly number[] }> = [
  { at: 0, bytes: [0xff, 0xd8, 0xff] }, // JPEG
  { at: 0, bytes: [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a] }, // PNG
  { at: 0, bytes: [0x47, 0x49, 0x46, 0x38] }, // GIF
  { at: 8, bytes: [0x57, 0x45, 0x42, 0x50] }, // WebP, inside RIFF
  { at: 4, bytes: [0x66, 0x74, 0x79, 0x70] }, // AVIF and HEIF
  { at: 0, bytes: [0x49, 0x49, 0x2a, 0x00] }, // TIFF, little-endian
  { at: 0, bytes: [0x4d, 0x4d, 0x00, 0x2a] }, // TIFF, big-endian
];

/**
 * Whether the first bytes are those of a picture. A cheap look that keeps documents and random bytes from the
 * inference process; whether the picture can be decoded is found out there.
 */
export function looksLikePicture(bytes: Uint8Array): boolean {
  return SIGNATURES.some((signature) =>
    signature.bytes.every((byte, index) => bytes[signature.at + index] === byte),
  );
}
