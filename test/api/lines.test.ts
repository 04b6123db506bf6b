import { strict as assert } from 'node:assert';
import { readLines } from '../../api/lines.ts';

const encoder = new TextEncoder();

async function lines(pieces: readonly string[], lineBytes = 100): Promise<Array<string | null>> {
  const stream = ReadableStream.from(pieces.map((piece) => encoder.encode(piece)));
  const found = [];
  for await (const line of readLines(stream as ReadableStream<Uint8Array>, {
    lineBytes,
    signal: new AbortController().signal,
  })) {
    found.push(line && Buffer.from(line).toString());
  }
  return found;
}

describe('lines of a stream', () => {
  it('are found wherever the pieces are cut', async () => {
    const text = 'one\ntwo\r\nthree';
    const expected = ['one', 'two\r', 'three'];
    assert.deepEqual(await lines([text]), expected);
    assert.deepEqual(await lines([...text]), expected);
    assert.deepEqual(await lines(['one\ntw', 'o\r\nthree']), expected);
  });

  it('that are blank are left out', async () => {
    assert.deepEqual(await lines(['\n\n a\n \t\r\n', '\n']), [' a']);
    assert.deepEqual(await lines([]), []);
  });

  it('that are too long are dropped as they come, and the next one is read', async () => {
    assert.deepEqual(await lines(['a\n', 'x'.repeat(60), 'x'.repeat(60), '\nb\n']), ['a', null, 'b']);
    assert.deepEqual(await lines(['x'.repeat(101)]), [null]);
    assert.deepEqual(await lines(['x'.repeat(100), '\n']), ['x'.repeat(100)]);
  });

  it('end when they are aborted, though the stream goes on', async () => {
    const abort = new AbortController();
    let cancelled = false;
    const stream = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(encoder.encode('one\ntw')),
      cancel: () => {
        cancelled = true;
      },
    });
    const found = readLines(stream, { lineBytes: 100, signal: abort.signal });
    assert.equal(String((await found.next()).value), 'one');
    const next = found.next();
    abort.abort();
    assert.deepEqual(await next, { done: true, value: undefined });
    assert.equal(cancelled, true);
  });
});
