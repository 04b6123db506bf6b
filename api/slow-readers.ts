import type { ServerResponse } from 'node:http';

const TICK_MS = 1_000;
/** Streams may be slow: their readers work on each line. */
const SLOWEST = 4 * 1024;

interface Progress {
  waited: number;
  readonly before: number;
}

/**
 * Cuts off clients that let answers wait for them: longer than so many seconds, and one more for each 4 KiB that they
 * took. A socket's own time-out never comes for one that takes a byte now and then.
 * @returns what ends the watch
 */
export function dropSlowReaders(open: () => Iterable<ServerResponse>, seconds: number): () => void {
  const progress = new WeakMap<ServerResponse, Progress>();
  const timer = setInterval(() => {
    for (const outgoing of open()) {
      const { socket, writableLength } = outgoing;
      if (!socket || writableLength === 0) continue;
      const taken = socket.bytesWritten - writableLength;
      const known = progress.get(outgoing) ?? { waited: 0, before: taken };
      known.waited += TICK_MS / 1000;
      progress.set(outgoing, known);
      if (known.waited > seconds + (taken - known.before) / SLOWEST) socket.destroy();
    }
  }, TICK_MS);
  timer.unref();
  return () => clearInterval(timer);
}
