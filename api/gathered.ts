/**
 * Bytes that arrive piece by piece, in one buffer that grows: a sender of single bytes must not make an object of
 * each. At most `limit`; what is more is dropped and told.
 */
export interface Gathered {
  add(piece: Uint8Array): void;
  readonly size: number;
  /** More came than the limit. */
  readonly overflowed: boolean;
  /** What came since the last call. The bytes are there until the next `add`: its buffer is used again. */
  take(): Buffer;
}

const FIRST = 16 * 1024;

export function gather(limit: number): Gathered {
  let buffer = Buffer.alloc(0);
  let size = 0;
  let overflowed = false;
  return {
    add(piece) {
      if (overflowed || size + piece.length > limit) {
        overflowed = true;
        size = 0;
        return;
      }
      if (size + piece.length > buffer.length) {
        const grown = Buffer.allocUnsafe(
          Math.min(limit, Math.max(FIRST, size + piece.length, buffer.length * 2)),
        );
        buffer.copy(grown, 0, 0, size);
        buffer = grown;
      }
      buffer.set(piece, size);
      size += piece.length;
    },
    get size() {
      return size;
    },
    get overflowed() {
      return overflowed;
    },
    take() {
      const taken = buffer.subarray(0, size);
      size = 0;
      overflowed = false;
      return taken;
    },
  };
}
