import { strict as assert } from 'node:assert';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { text } from 'node:stream/consumers';
import { CONTENT_TYPE, productBody } from '../../../bench/serving/bodies.ts';
import { type Load, percentile, runLoad } from '../../../bench/serving/load.ts';

describe('a load', () => {
  const seen: string[] = [];
  let server: Server;
  let url: string;
  /** What the server answers to its n-th request. */
  let answer = (_number: number) => 200;

  before(async () => {
    server = createServer(async (request, response) => {
      seen.push(await text(request));
      const status = answer(seen.length);
      if (status === 0) request.socket.destroy();
      else response.writeHead(status).end('no');
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = `http://127.0.0.1:${(server.address() as { port: number }).port}/predict`;
  });
  after(() => server.close());
  beforeEach(() => {
    seen.length = 0;
  });

  const body = productBody({ designation: 'Piscine', description: 'ronde' }, Buffer.from('a picture'));
  const load = (arrivals: Load['arrivals'], seconds = 30): Load => ({
    ...{ arrivals, seconds },
    asked: [{ url, method: 'POST', headers: { 'Content-Type': CONTENT_TYPE }, bodies: [body] }],
  });

  it('of so many requests sends as many, no two alike, and times each', async () => {
    answer = () => 200;
    const { sent, answers, milliseconds } = await runLoad(load({ kind: 'closed', clients: 3, requests: 20 }));
    assert.deepEqual([sent, answers, milliseconds[0]?.length], [20, { 200: 20 }, 20]);
    assert.equal(new Set(seen).size, 20);
    const form = await new Response(seen[0], { headers: { 'Content-Type': CONTENT_TYPE } }).formData();
    assert.match(String(form.get('designation')), /^Piscine \d{10}$/);
    assert.equal(form.get('description'), 'ronde');
    assert.equal(await (form.get('image') as Blob).text(), 'a picture');
  });

  it('tells what failed, and does not time it', async () => {
    answer = (number) => (number === 2 ? 500 : number === 3 ? 0 : 200);
    const outcome = await runLoad(load({ kind: 'closed', clients: 1, requests: 4 }));
    assert.deepEqual(outcome.answers, { 200: 2, 500: 1, ECONNRESET: 1 });
    assert.equal(outcome.milliseconds[0]?.length, 2);
    assert.equal(outcome.failures[0], '500 no');
  });

  it('of so many a second sends as many, whatever is answered', async () => {
    answer = () => 200;
    const { sent } = await runLoad(load({ kind: 'open', perSecond: 50 }, 0.5));
    assert.equal(sent, 25);
  });
});

describe('a percentile', () => {
  it('is a value that was measured, whatever their order', () => {
    assert.equal(percentile([3, 1, 2], 0.5), 2);
    assert.equal(
      percentile(
        Array.from({ length: 100 }, (_, n) => n),
        0.99,
      ),
      99,
    );
  });

  it('of nothing is not known', () => {
    assert.ok(Number.isNaN(percentile([], 0.5)));
  });
});
