import { BlockList, isIP } from 'node:net';
import { getConnInfo } from '@hono/node-server/conninfo';
import type { Context, MiddlewareHandler } from 'hono';
import type { ApiEnvironment } from './environment.ts';

/**
 * Finds out once who asks, for limits, lock-outs and the log. X-Forwarded-For and X-Forwarded-Proto are believed
 * only when the connection comes from one of `trustedProxies` (addresses, or networks as `10.0.0.0/8`): any client
 * can write them.
 */
export function resolvePeer(trustedProxies: readonly string[]): MiddlewareHandler<ApiEnvironment> {
  const trusted = networks(trustedProxies);
  return (c, next) => {
    const direct = c.env?.incoming && getConnInfo(c).remote.address;
    const proxied = direct !== undefined && isTrusted(trusted, direct);
    c.set('proxied', proxied);
    c.set(
      'peer',
      peer(proxied ? nearestUntrusted(trusted, direct, c.req.header('x-forwarded-for')) : direct),
    );
    // The proxy nearest to us wrote the last entry.
    c.set('https', proxied && /(^|,\s*)https\s*$/i.test(c.req.header('x-forwarded-proto') ?? ''));
    return next();
  };
}

/**
 * Who asks: an IPv4 address, or the /64 of an IPv6 address, because one machine may have all of them. Only after
 * `resolvePeer`.
 */
export function peerOf(c: Context<ApiEnvironment>): string {
  return c.get('peer') ?? 'unknown';
}

/** Each proxy appends whom it was asked by: from the right, the first that is no proxy of ours is the client. */
function nearestUntrusted(trusted: BlockList, direct: string, forwarded = ''): string {
  let nearest = direct;
  for (const entry of forwarded.split(',').reverse()) {
    const address = withoutPort(entry.trim());
    // Written by a client, or by a proxy that hides whom it was asked by: what is left of it cannot be believed.
    if (isIP(address) === 0) return nearest;
    nearest = address;
    if (!isTrusted(trusted, address)) return nearest;
  }
  return nearest;
}

/** `192.0.2.1:4711` and `[2001:db8::1]:4711` occur too. */
function withoutPort(entry: string): string {
  return entry.match(/^\[(.+)\](:\d+)?$/)?.[1] ?? entry.match(/^([\d.]+):\d+$/)?.[1] ?? entry;
}

function networks(list: readonly string[]): BlockList {
  const found = new BlockList();
  for (const entry of list) {
    const [address = '', bits] = entry.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (bits === undefined) found.addAddress(address, family);
    else found.addSubnet(address, Number(bits), family);
  }
  return found;
}

function isTrusted(trusted: BlockList, address: string): boolean {
  const plain = unmapped(address);
  return trusted.check(plain, isIP(plain) === 6 ? 'ipv6' : 'ipv4');
}

function peer(address: string | undefined): string {
  if (address === undefined) return 'unknown';
  const plain = unmapped(address);
  return isIP(plain) === 6 ? `${network64(plain)}/64` : plain;
}

/** A socket that listens on IPv6 too shows IPv4 clients as ::ffff:192.0.2.1. */
function unmapped(address: string): string {
  return address.match(/^::ffff:([\d.]+)$/i)?.[1] ?? address.replace(/%.*$/, '');
}

/** 2001:DB8::1 → 2001:db8:0:0:: */
function network64(address: string): string {
  const [head = '', tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail ? tail.split(':') : [];
  const gap = tail === undefined ? 0 : 8 - before.length - after.length;
  const groups = [...before, ...Array<string>(gap).fill('0'), ...after];
  return `${groups.slice(0, 4).join(':')}::`;
}
