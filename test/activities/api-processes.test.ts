import { deepEqual } from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { apiProcesses } from '../../activities/api-processes.ts';

describe('the API processes of a deployment', () => {
  let replicas: Server[];
  let port: number;
  let asked: string[];

  /** Two replicas, as a network of containers has them: one port, an address each. */
  beforeEach(async () => {
    asked = [];
    replicas = ['127.0.0.1', '127.0.0.2'].map((address) =>
      createServer((request, response) => {
        asked.push(`${address} ${request.method} ${request.url} ${request.headers.authorization}`);
        response.setHeader('content-type', 'application/json').end(JSON.stringify({ address }));
      }),
    );
    const [first, second] = replicas as [Server, Server];
    await new Promise<void>((resolve) => first.listen(0, '127.0.0.1', resolve));
    port = (first.address() as AddressInfo).port;
    await new Promise<void>((resolve) => second.listen(port, '127.0.0.2', resolve));
  });
  afterEach(() => {
    for (const server of replicas) server.closeAllConnections();
    return Promise.all(replicas.map((server) => new Promise((resolve) => server.close(resolve))));
  });

  const ask = (urls: string[], addresses: string[]) =>
    apiProcesses(urls, 'token-of-the-pipeline', async () => addresses).ask<{ address: string }>(
      'POST',
      '/internal/deployments',
      {},
      new AbortController().signal,
    );

  it('are all addresses of one name', async () => {
    const answers = await ask([`http://api:${port}`], ['127.0.0.1', '127.0.0.2']);
    deepEqual(answers, [{ address: '127.0.0.1' }, { address: '127.0.0.2' }]);
    deepEqual(asked.sort(), [
      '127.0.0.1 POST /internal/deployments Bearer token-of-the-pipeline',
      '127.0.0.2 POST /internal/deployments Bearer token-of-the-pipeline',
    ]);
  });

  it('are those that are listed, where each has one address', async () => {
    const urls = [`http://127.0.0.2:${port}`, `http://localhost:${port}`];
    deepEqual(await ask(urls, ['127.0.0.1']), [{ address: '127.0.0.2' }, { address: '127.0.0.1' }]);
  });
});
