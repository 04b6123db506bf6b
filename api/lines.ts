import { gather } from './gathered.ts';

const NEWLINE = 0x0a;

/**
 * A line's bytes without its end, which are there until the next line is asked for; null: it was longer than allowed,
 * and dropped as it came.
 */
export type Line = Uint8Array | null;

/**
 * The lines of a stream, one by one: nothing is read before the next one is asked for. Empty lines are left out.
 * Aborting ends it.
 */
export async function* readLines(
  stream: ReadableStream<Uint8Array>,
  { lineBytes, signal }: { readonly lineBytes: number; readonly signal: AbortSignal },
): AsyncGenerator<Line> {
  const reader = stream.getReader();
  const cancel = () => void reader.cancel(signal.reason).catch(() => {});
  signal.addEventListener('abort', cancel, { once: true });
  const gathered = gather(lineBytes);
  const take = (): Line => {
    const { overflowed } = gathered;
    const line = gathered.take();
    return overflowed ? null : line;
  };
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      let start = 0;
      for (let end = value.indexOf(NEWLINE); end >= 0; end = value.indexOf(NEWLINE, start)) {
        gathered.add(value.subarray(start, end));
        start = end + 1;
        const line = take();
        if (!blank(line)) yield line;
      }
      gathered.add(value.subarray(start));
    }
    const last = take();
    if (!signal.aborted && !blank(last)) yield last;
  } finally {
    signal.removeEventListener('abort', cancel);
    cancel();
  }
}

/** Spaces and the carriage return of Windows' line ends. */
function blank(line: Line): boolean {
  return line?.every((byte) => byte === 0x20 || byte === 0x0d || byte === 0x09) ?? false;
}
