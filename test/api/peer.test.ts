import { strict as assert } from 'node:assert';
import type { HttpBindings } from '@hono/node-server';
import { Hono } from 'hono';
import type { ApiEnvironment } from '../../api/environment.ts';
import { peerOf, resolvePeer } from '../../api/peer.ts';

describe('the peer of a request', () => {
  async function seen(
    trusted: readonly string[],
    remoteAddress: string,
    headers: Record<string, string> = {},
  ) {
    const app = new Hono<ApiEnvironment>();
    app.use(resolvePeer(trusted));
    app.get('/', (c) => c.json({ peer: peerOf(c), https: c.get('https') }));
    const bindings = { incoming: { socket: { remoteAddress } } } as HttpBindings;
    const answer = await app.request('/', { headers }, bindings);
    return (await answer.json()) as { peer: string; https: boolean };
  }
  const peer = async (trusted: readonly string[], address: string, forwarded?: string) =>
    (await seen(trusted, address, forwarded === undefined ? {} : { 'X-Forwarded-For': forwarded })).peer;

  it('is the other end of the connection, whatever X-Forwarded-For says, unless that end is a named proxy', async () => {
    assert.equal(await peer([], '192.0.2.1', '203.0.113.9'), '192.0.2.1');
    assert.equal(await peer(['10.0.0.0/8'], '192.0.2.1', '203.0.113.9'), '192.0.2.1');
    assert.equal(await peer(['10.0.0.0/8'], '10.1.2.3', '203.0.113.9'), '203.0.113.9');
    assert.equal(await peer(['10.1.2.3'], '10.1.2.3', '203.0.113.9'), '203.0.113.9');
    assert.equal(await peer(['10.1.2.3'], '10.1.2.4', '203.0.113.9'), '10.1.2.4');
  });

  it('is the rightmost address that is no proxy: what stands left of it is the client’s invention', async () => {
    const trusted = ['10.0.0.0/8', 'fd00::/8'];
    assert.equal(await peer(trusted, '10.0.0.1', '1.1.1.1, 203.0.113.9, 10.0.0.2'), '203.0.113.9');
    assert.equal(await peer(trusted, 'fd00::1', '1.1.1.1, 203.0.113.9,fd12::2 , 10.0.0.2'), '203.0.113.9');
    assert.equal(await peer(trusted, '10.0.0.1', '10.0.0.7, 10.0.0.2'), '10.0.0.7');
  });

  it('stops at what is no address, and does without the header', async () => {
    for (const odd of ['unknown', '', ' ', '203.0.113.9, _hidden', '203.0.113.9, 999.1.1.1', ',,,,']) {
      assert.equal(await peer(['10.0.0.1'], '10.0.0.1', odd), '10.0.0.1', odd);
    }
    assert.equal(await peer(['10.0.0.1'], '10.0.0.1'), '10.0.0.1');
  });

  it('may come with a port', async () => {
    assert.equal(await peer(['10.0.0.1'], '10.0.0.1', '203.0.113.9:4711'), '203.0.113.9');
    assert.equal(await peer(['10.0.0.1'], '10.0.0.1', '[2001:db8::1]:4711'), '2001:db8:0:0::/64');
  });

  it('is one for all addresses of an IPv6 network of 64 bits, however they are written', async () => {
    for (const address of [
      '2001:db8:1:2::1',
      '2001:DB8:0001:2:ffff:ffff:ffff:ffff',
      '2001:db8:1:2:3:4:5.6.7.8',
    ]) {
      assert.equal(await peer([], address), '2001:db8:1:2::/64', address);
    }
    assert.equal(await peer([], '2001:db8:1:3::1'), '2001:db8:1:3::/64');
    assert.equal(await peer([], '::1'), '0:0:0:0::/64');
    assert.equal(await peer([], 'fe80::1%eth0'), 'fe80:0:0:0::/64');
  });

  it('is the IPv4 address where a socket for both shows it as one of IPv6', async () => {
    assert.equal(await peer([], '::ffff:192.0.2.1'), '192.0.2.1');
    assert.equal(await peer(['10.0.0.0/8'], '::ffff:10.0.0.1', '::FFFF:203.0.113.9'), '203.0.113.9');
  });

  it('came by TLS when the nearest trusted proxy says so, and nobody else', async () => {
    const https = async (address: string, proto: string) =>
      (await seen(['10.0.0.1'], address, { 'X-Forwarded-Proto': proto })).https;
    assert.equal(await https('10.0.0.1', 'https'), true);
    assert.equal(await https('10.0.0.1', 'http,https'), true);
    assert.equal(await https('10.0.0.1', 'https, http'), false);
    assert.equal(await https('192.0.2.1', 'https'), false);
  });
});
