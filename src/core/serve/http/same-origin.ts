import type { IncomingMessage } from 'node:http';
import type { Peer } from './peer.ts';

/**
 * Whether a page of this server sent the request. Browsers say so with `Sec-Fetch-Site` (over https), and with `Origin` on every POST;
 * a request without either is no browser's, but could be a very old one's, and is refused too: programs use a bearer token.
 */
export function isSameOrigin(request: IncomingMessage, peer: Peer, baseUrl: string | undefined): boolean {
  const site = request.headers['sec-fetch-site'];
  if (site !== undefined) return site === 'same-origin';
  const { origin } = request.headers;
  if (origin === undefined) return false;
  const own = peer.host === undefined ? [] : [`${peer.protocol}://${peer.host}`];
  const known = baseUrl === undefined ? own : [...own, new URL(baseUrl).origin];
  return known.some((candidate) => candidate.toLowerCase() === origin.toLowerCase());
}
