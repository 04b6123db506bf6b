import { strict as assert } from 'node:assert';
import { Hono } from 'hono';
import type { ApiEnvironment } from '../../api/environment.ts';
import { createIntake } from '../../api/intake.ts';
import { EtiquetteError } from '../../errors.ts';

/** An app that lets 100 bytes in, at most 60 in one body, and answers when it is told to. */
function bounded(full: (inside: number) => boolean = () => false) {
  const intake = createIntake(100);
  const waiting: Array<() => void> = [];
  const app = new Hono<ApiEnvironment>();
  app.onError((error, c) => c.text(error.message, 503));
  app.post(
    '/',
    intake({ bodyBytes: 60, full, busy: () => new EtiquetteError('SERVING_BUSY', 'busy') }),
    async (c) => {
      await new Promise<void>((resolve) => waiting.push(resolve));
      return c.text('done');
    },
  );
  const send = async (bytes: number | null) => {
    const headers: Record<string, string> = bytes === null ? {} : { 'Content-Length': String(bytes) };
    return (await app.request('/', { method: 'POST', headers })).text();
  };
  const inside = async (count: number) => {
    while (waiting.length < count) await new Promise((resolve) => setImmediate(resolve));
  };
  return { send, inside, answerOne: () => waiting.shift()?.() };
}

describe('the intake of bodies', () => {
  it('lets in what fits into memory together, and more when something was answered', async () => {
    const { send, inside, answerOne } = bounded();
    const first = send(50);
    const second = send(50);
    await inside(2);
    assert.equal(await send(1), 'busy');
    answerOne();
    assert.equal(await first, 'done');
    const third = send(40);
    await inside(2);
    answerOne();
    answerOne();
    assert.deepEqual(await Promise.all([second, third]), ['done', 'done']);
  });

  it('counts a body of unknown length, and one that lies, as the largest', async () => {
    for (const bytes of [null, 1_000_000]) {
      const { send, inside, answerOne } = bounded();
      const first = send(bytes);
      await inside(1);
      assert.equal(await send(41), 'busy');
      const second = send(40);
      await inside(2);
      answerOne();
      answerOne();
      assert.deepEqual(await Promise.all([first, second]), ['done', 'done']);
    }
  });

  it('asks its route how many may be inside', async () => {
    const { send, inside, answerOne } = bounded((count) => count >= 1);
    const first = send(1);
    await inside(1);
    assert.equal(await send(1), 'busy');
    answerOne();
    assert.equal(await first, 'done');
  });
});
