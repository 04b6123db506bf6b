import { strict as assert } from 'node:assert';
import { once } from 'node:events';
import { Agent, get } from 'node:http';
import { connect, type Socket } from 'node:net';
import { createHttpServer } from '../../api/server.ts';
import { parseAnswer, rawRequest } from '../support/raw-http.ts';
import { credentials, type ServedApi, servedApi } from './support.ts';

const FORM = 'Content-Type: application/x-www-form-urlencoded\r\n';
const LOGIN = String(credentials());
const HEAD = `POST /token HTTP/1.1\r\nHost: a\r\n${FORM}Content-Length: ${LOGIN.length}\r\n`;

async function opened(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  return socket;
}

/** What comes until the other side closes. */
async function rest(socket: Socket): Promise<string> {
  let text = '';
  socket.setEncoding('latin1');
  socket.on('error', () => {});
  for await (const chunk of socket) text += chunk;
  return text;
}

describe('the HTTP server', () => {
  let api: ServedApi | undefined;
  afterEach(async () => {
    await api?.server.close();
    api = undefined;
  });

  it('knows how long answers are, without reading them twice', async () => {
    api = await servedApi();
    assert.equal((await (await fetch(`${api.url}/nowhere`)).text()).length, 41);
    await (await fetch(`${api.url}/nowhere`, { method: 'HEAD' })).text();
    const lines = (await (await fetch(`${api.url}/metrics`)).text()).split('\n');
    assert.ok(lines.includes('http_response_size_bytes_sum{handler="none"} 41'));
    assert.ok(lines.includes('http_response_size_bytes_count{handler="none"} 2'));
  });

  describe('with a slow client', () => {
    const code = (text: string) => JSON.parse(parseAnswer(text).body).code;

    it('answers 408 when the head of a request does not come', async () => {
      api = await servedApi({ clientSeconds: 1 });
      const answer = await rawRequest(api.url, 'GET /status HTTP/1.1\r\nHost:');
      assert.deepEqual([answer.status, code(answer.text)], [408, 'REQUEST_TIMEOUT']);
    });

    it('closes a connection on which nobody says anything', async () => {
      api = await servedApi({ clientSeconds: 1 });
      assert.equal((await rawRequest(api.url)).status, 408);
    });

    it('answers 408 when a body stops half-way, and closes the connection', async () => {
      api = await servedApi({ config: { CLIENT_SECONDS: 1 } });
      const answer = await rawRequest(api.url, `${HEAD}\r\n${LOGIN.slice(0, 10)}`);
      assert.deepEqual([answer.status, code(answer.text)], [408, 'REQUEST_TIMEOUT']);
      assert.equal(answer.headers.connection, 'close');
      assert.equal(api.logged.at(-1)?.status, 408);
    });

    it('does not wait longer for a body that comes byte by byte', async () => {
      api = await servedApi({ config: { CLIENT_SECONDS: 1 } });
      const socket = await opened(api.url);
      socket.write('POST /token HTTP/1.1\r\nHost: a\r\nContent-Length: 9999\r\n');
      socket.write(`${FORM}\r\n`);
      const drops = setInterval(() => socket.write('a'), 50);
      const text = await rest(socket);
      clearInterval(drops);
      assert.deepEqual([parseAnswer(text).status, code(text)], [408, 'REQUEST_TIMEOUT']);
    });

    it('cuts off a client that does not take its answer', async () => {
      const cut = new Promise<void>((resolve) => {
        const endless = () =>
          new ReadableStream<Uint8Array>({
            pull: (controller) => controller.enqueue(new Uint8Array(1024 * 1024)),
            cancel: () => resolve(),
          });
        const server = createHttpServer({
          fetch: () => new Response(endless()),
          keepAliveMs: 5_000,
          clientSeconds: 1,
          onRefused: () => {},
        });
        void server.listen(0, '127.0.0.1').then(async ({ port }) => {
          const socket = await opened(`http://127.0.0.1:${port}`);
          socket.on('error', () => {});
          socket.pause();
          socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
          await cut;
          socket.destroy();
          await server.close();
        });
      });
      await cut;
    });
  });

  describe('that is to stop', () => {
    it('answers a request whose body is still coming, and ends the connection with it', async () => {
      api = await servedApi();
      const socket = await opened(api.url);
      socket.write(`${HEAD}\r\n${LOGIN.slice(0, 10)}`);
      await rawRequest(api.url, 'GET /status HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
      const closed = api.server.close();
      socket.write(LOGIN.slice(10));
      const answer = parseAnswer(await rest(socket));
      assert.deepEqual([answer.status, answer.headers.connection], [200, 'close']);
      await closed;
    });

    it('serves on until it is closed, but ends every connection with its next answer', async () => {
      api = await servedApi();
      const agent = new Agent({ keepAlive: true });
      const { url } = api;
      const status = () =>
        new Promise<string | undefined>((resolve, reject) => {
          get(`${url}/status`, { agent }, (answer) => {
            answer.resume().on('end', () => resolve(answer.headers.connection));
          }).on('error', reject);
        });
      assert.equal(await status(), 'keep-alive');
      api.server.endConnections();
      assert.deepEqual([await status(), await status()], ['close', 'close']);
      agent.destroy();
    });

    it('does not wait for connections on which nothing is asked', async () => {
      api = await servedApi();
      const silent = await opened(api.url);
      const idle = await opened(api.url);
      idle.write('GET /status HTTP/1.1\r\nHost: a\r\n\r\n');
      await once(idle, 'data');
      const half = await opened(api.url);
      half.write('GET /status HTTP/1.1\r\n');
      await rawRequest(api.url, 'GET /status HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
      const over = Promise.all([rest(silent), rest(idle), rest(half)]);
      await api.server.close();
      await over;
    });

    it('can be closed twice', async () => {
      api = await servedApi();
      await Promise.all([api.server.close(), api.server.close()]);
    });
  });
});
