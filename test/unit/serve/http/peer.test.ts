import type { IncomingMessage } from 'node:http';
import { describe, expect, test } from 'vitest';
import { createPeerOf } from '../../../../src/core/serve/http/peer.ts';
import { isSameOrigin } from '../../../../src/core/serve/http/same-origin.ts';

/** As much of a request as is looked at. */
function request(remoteAddress: string | undefined, headers: Record<string, string>): IncomingMessage {
  return { socket: { remoteAddress }, headers: { host: 'here.example', ...headers } } as unknown as IncomingMessage;
}

const forwarded = {
  'x-forwarded-for': '6.6.6.6, 203.0.113.9, 10.0.0.2',
  'x-forwarded-proto': 'https',
  'x-forwarded-host': 'ci.example.org',
};

describe('who asks', () => {
  test('a stranger is not believed', () => {
    expect(createPeerOf(['10.0.0.0/8'])(request('203.0.113.1', forwarded))).toEqual({
      address: '203.0.113.1',
      protocol: 'http',
      host: 'here.example',
      viaProxy: false,
    });
  });

  test.each(['10.1.2.3', '::ffff:10.1.2.3'])('the proxy %s is, up to the first address that is not one', (address) => {
    expect(createPeerOf(['10.0.0.0/8'])(request(address, forwarded))).toEqual({
      address: '203.0.113.9',
      protocol: 'https',
      host: 'ci.example.org',
      viaProxy: true,
    });
  });

  test('so is whoever may write to the unix socket', () => {
    expect(createPeerOf([])(request(undefined, forwarded))).toMatchObject({ address: '10.0.0.2', protocol: 'https' });
  });

  test.each([
    [{ 'x-forwarded-for': 'not an address' }, '10.0.0.1'],
    [{ 'x-forwarded-for': '' }, '10.0.0.1'],
    [{ 'x-forwarded-for': '[2001:db8::7]:4711' }, '2001:db8::7'],
    [{ 'x-forwarded-for': '198.51.100.4:55' }, '198.51.100.4'],
    [{ 'x-forwarded-for': '10.0.0.9, 10.0.0.8' }, '10.0.0.9'],
  ])('%j means %s', (headers, address) => {
    expect(createPeerOf(['10.0.0.0/8'])(request('10.0.0.1', headers as Record<string, string>)).address).toBe(address);
  });

  test('IPv6 ranges and single addresses', () => {
    const peerOf = createPeerOf(['fd00::/8', '192.0.2.7']);
    expect(peerOf(request('fd12::1', {})).viaProxy).toBe(true);
    expect(peerOf(request('fe80::1', {})).viaProxy).toBe(false);
    expect(peerOf(request('192.0.2.7', {})).viaProxy).toBe(true);
    expect(peerOf(request('192.0.2.8', {})).viaProxy).toBe(false);
  });

  test.each(['10.0.0.0/33', '10.0.0.0/x', 'proxy.example', '', '::/129', '10.0.0.1/-1'])('%j is no range', (range) => {
    expect(() => createPeerOf([range])).toThrow('is no address and no range');
  });
});

describe('the origin of a request that changes something', () => {
  const peer = { address: '203.0.113.1', protocol: 'https', host: 'ci.example.org', viaProxy: true } as const;
  test.each([
    [{ 'sec-fetch-site': 'same-origin', origin: 'https://ci.example.org' }, true],
    [{ 'sec-fetch-site': 'cross-site', origin: 'https://ci.example.org' }, false],
    [{ 'sec-fetch-site': 'same-site', origin: 'https://ci.example.org' }, false],
    [{ 'sec-fetch-site': 'none' }, false],
    [{ origin: 'https://ci.example.org' }, true],
    [{ origin: 'https://CI.example.org' }, true],
    [{ origin: 'http://ci.example.org' }, false],
    [{ origin: 'https://ci.example.org.evil.example' }, false],
    [{ origin: 'null' }, false],
    [{ origin: 'https://public.example' }, true],
    [{}, false],
  ])('%j: %s', (headers, expected) => {
    const sent = request('203.0.113.1', headers as Record<string, string>);
    expect(isSameOrigin(sent, peer, 'https://public.example/sluice')).toBe(expected);
  });
});
