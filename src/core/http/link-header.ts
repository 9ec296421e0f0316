import { SluiceError } from '../errors.ts';
import type { NextPage } from './client.ts';
import { parseBaseUrl, pathUnder } from './request-url.ts';
import { oneLine } from './words.ts';

const value = /"(?:[^"\\]|\\.)*"|[^",;\s]*/.source;
const parameter = `;\\s*([\\w!#$&+.^\`|~*-]+)(?:\\s*=\\s*(${value}))?`;
const link = `<([^<>]*)>((?:\\s*${parameter})*)`;

/** The targets of a `Link` header by relation (RFC 8288); the first of a relation wins, a broken part is skipped. */
export function parseLinkHeader(header: string): ReadonlyMap<string, string> {
  const links = new Map<string, string>();
  for (const [, target = '', parameters = ''] of header.matchAll(new RegExp(link, 'g'))) {
    for (const relation of relationsOf(parameters)) if (!links.has(relation)) links.set(relation, target);
  }
  return links;
}

function relationsOf(parameters: string): readonly string[] {
  for (const [, name = '', given = ''] of parameters.matchAll(new RegExp(parameter, 'g'))) {
    const unquoted = given.startsWith('"') ? given.slice(1, -1) : given;
    // Only the first counts (RFC 8288, 3.3).
    if (name.toLowerCase() === 'rel') return unquoted.toLowerCase().split(/\s+/).filter(Boolean);
  }
  return [];
}

/** Pages by `Link: <…>; rel="next"`, as GitHub sends them. */
export function nextByLink(baseUrl: string): NextPage<unknown> {
  return (answer, request) => {
    // An empty listing is `[]`; a page without a body would end the listing and look like closed change requests.
    if (answer.value === undefined) {
      throw new SluiceError('unavailable', `could not ${request.purpose}: a page (HTTP ${answer.status}) has no body`);
    }
    const next = parseLinkHeader(answer.headers.link ?? '').get('next');
    return next === undefined ? undefined : { path: nextPath(baseUrl, next) };
  };
}

/**
 * `ApiRequest.path` of a next page that the forge gave as a URL. Throws SluiceError('unavailable') when it leads away from
 * the API: it would take the credential with it.
 */
export function nextPath(baseUrl: string, next: string): string {
  const url = URL.parse(next, `${baseUrl}/`);
  const path = url === null ? undefined : pathUnder(parseBaseUrl(baseUrl), url);
  if (path !== undefined) return path;
  throw new SluiceError('unavailable', `the next page of a listing leads away from ${baseUrl}: ${oneLine(next)}`, {
    hint: "Check that this is the address under which the forge knows itself; if not, configure the forge's own.",
  });
}
