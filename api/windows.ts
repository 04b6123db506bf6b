import type { Store } from 'hono-rate-limiter';

interface Window {
  totalHits: number;
  readonly resetTime: Date;
}

/**
 * Counts by key in windows that begin with a key's first request. Of more than `most` keys the oldest window is
 * forgotten, so that somebody with very many addresses cannot fill the memory.
 * @param milliseconds - of a window
 */
export function createWindows(milliseconds: number, most: number, now = Date.now): Omit<Store, 'init'> {
  /** In the order in which they end, because all are of the same length. */
  const windows = new Map<string, Window>();

  function open(key: string, time: number): Window {
    windows.delete(key);
    for (const [oldest, { resetTime }] of windows) {
      if (resetTime.getTime() > time && windows.size < most) break;
      windows.delete(oldest);
    }
    const window = { totalHits: 0, resetTime: new Date(time + milliseconds) };
    windows.set(key, window);
    return window;
  }

  return {
    increment(key) {
      const time = now();
      const known = windows.get(key);
      const window = known && known.resetTime.getTime() > time ? known : open(key, time);
      window.totalHits += 1;
      return window;
    },
    decrement(key) {
      const window = windows.get(key);
      if (window) window.totalHits -= 1;
    },
    resetKey: (key) => void windows.delete(key),
  };
}
