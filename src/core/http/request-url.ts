import { SluiceError } from '../errors.ts';
import type { ApiRequest } from './client.ts';

/** The base of a client: `href` without a trailing slash. Throws SluiceError('config') for what cannot be one. */
export function parseBaseUrl(text: string): URL {
  const url = URL.parse(text);
  const hint = 'Write an http or https URL without a user name, a query or a fragment.';
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new SluiceError('config', 'the address of the API is not an http or https URL', { hint });
  }
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw new SluiceError('config', `the address of the API at ${url.host} has parts that do not belong there`, {
      hint,
    });
  }
  url.pathname = url.pathname.replace(/\/+$/, '');
  return url;
}

/** The URL of one request. Throws SluiceError('usage') when its path would leave the base. */
export function requestUrl(base: URL, request: Pick<ApiRequest<unknown>, 'path' | 'query'>): URL {
  const url = URL.parse(withoutSlash(base) + request.path);
  // "." and ".." segments, %2e or not, are gone from the parsed path: compare with what was asked for.
  const asked = request.path.split(/[?#]/)[0] ?? '';
  const climbs = asked.split('/').some((segment) => /^(\.|%2e){1,2}$/i.test(segment));
  if (url === null || climbs || !request.path.startsWith('/') || !isUnder(base, url)) {
    throw new SluiceError('usage', `"${request.path}" is not a path on the API at ${base.host}`, {
      hint: 'Check the name of the repository.',
    });
  }
  for (const [name, value] of Object.entries(request.query ?? {})) {
    if (value !== undefined) url.searchParams.set(name, String(value));
  }
  return url;
}

/** True when the URL has the base's origin and its path is below the base's. */
export function isUnder(base: URL, url: URL): boolean {
  const prefix = base.pathname.replace(/\/+$/, '');
  return url.origin === base.origin && url.username === '' && url.pathname.startsWith(`${prefix}/`);
}

/** Path and query of an absolute URL below the base, as `ApiRequest.path` wants it; undefined when it leads elsewhere. */
export function pathUnder(base: URL, url: URL): string | undefined {
  if (!isUnder(base, url)) return undefined;
  return url.pathname.slice(base.pathname.replace(/\/+$/, '').length) + url.search;
}

function withoutSlash(base: URL): string {
  return base.href.replace(/\/+$/, '');
}
