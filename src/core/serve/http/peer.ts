import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { SluiceError } from '../../errors.ts';

/** Where a request comes from, as far as it may be believed. */
export interface Peer {
  readonly address: string;
  readonly protocol: 'http' | 'https';
  /** As the browser wrote it; undefined when there is none. */
  readonly host: string | undefined;
  /** The connection itself is that of a trusted proxy: its other headers count too. */
  readonly viaProxy: boolean;
}

export type PeerOf = (request: IncomingMessage) => Peer;

/**
 * Believes `X-Forwarded-*` only of connections from these addresses and ranges. Over a unix socket the peer is whoever the file's mode
 * let in, which is the reverse proxy: it counts as trusted.
 */
export function createPeerOf(trustProxy: readonly string[]): PeerOf {
  const proxies = proxyList(trustProxy);
  const isTrusted = (address: string) => {
    const family = isIP(address);
    return family !== 0 && proxies.check(address, family === 6 ? 'ipv6' : 'ipv4');
  };
  return (request) => {
    const direct = plainAddress(request.socket.remoteAddress);
    const viaProxy = direct === undefined || isTrusted(direct);
    const own: Peer = {
      address: direct ?? 'unix',
      protocol: (request.socket as Partial<TLSSocket>).encrypted === true ? 'https' : 'http',
      host: request.headers.host,
      viaProxy,
    };
    return viaProxy ? forwarded(request, own, isTrusted) : own;
  };
}

function forwarded(request: IncomingMessage, own: Peer, isTrusted: (address: string) => boolean): Peer {
  const chain = listOf(request.headers['x-forwarded-for']).map((entry) => plainAddress(entry) ?? '');
  // Each proxy appends whom it saw: the last entry that is no proxy of ours is the sender, what stands before is his own claim.
  const address = chain.findLast((entry) => !isTrusted(entry)) ?? chain[0] ?? own.address;
  const protocol = listOf(request.headers['x-forwarded-proto']).at(-1);
  return {
    address: isIP(address) === 0 ? own.address : address,
    protocol: protocol === 'https' || protocol === 'http' ? protocol : own.protocol,
    host: listOf(request.headers['x-forwarded-host']).at(-1) ?? own.host,
    viaProxy: true,
  };
}

function proxyList(ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [address = '', bits] = range.split('/');
    const family = isIP(address);
    const width = family === 6 ? 128 : 32;
    const prefix = bits === undefined ? width : Number(bits);
    if (family === 0 || !Number.isInteger(prefix) || prefix < 0 || prefix > width)
      throw new SluiceError('config', `${JSON.stringify(range)} is no address and no range of addresses`, {
        hint: 'Write trusted proxies as 10.0.0.7, 10.0.0.0/8 or fd00::/8.',
      });
    list.addSubnet(address, prefix, family === 6 ? 'ipv6' : 'ipv4');
  }
  return list;
}

/** IPv4 as a dual-stack socket shows it (`::ffff:10.0.0.7`), without port and brackets that some proxies add. */
function plainAddress(address: string | undefined): string | undefined {
  if (address === undefined || address === '') return undefined;
  const bare =
    /^\[([^\]]+)\](?::\d+)?$/.exec(address)?.[1] ?? /^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(address)?.[1] ?? address;
  return bare.replace(/^::ffff:(?=\d+\.)/i, '');
}

function listOf(header: string | readonly string[] | undefined): readonly string[] {
  const text = typeof header === 'object' ? header.join(',') : (header ?? '');
  return text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
}
