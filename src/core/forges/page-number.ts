import type { ApiAnswer, ApiRequest, NextPage } from '../http/client.ts';
import { parseLinkHeader } from '../http/link-header.ts';
import { answered } from './answered.ts';

/**
 * The next page of a listing that counts its pages (GitLab, Gitea, Forgejo). Only the number is taken from the answer's
 * headers and never a URL: both forges build their links from a configured address, which behind a proxy is often not the
 * one that was called. When a proxy has stripped the headers, pages are asked for until one is empty, because a cut listing
 * would look like closed change requests.
 */
export const nextPageNumber: NextPage<readonly unknown[]> = (answer, request) => {
  const got = answered(answer, request.purpose).length;
  const next = announced(answer);
  if (next === 'none') return undefined;
  if (next !== undefined) return withPage(request, next);
  const total = Number(answer.headers['x-total-count'] ?? answer.headers['x-total'] ?? Number.NaN);
  if (got === 0 || got >= total) return undefined;
  return withPage(request, Number(request.query?.page ?? 1) + 1);
};

/** What the headers say: a page number, that there is none, or nothing at all. */
function announced({ headers }: Pick<ApiAnswer<unknown>, 'headers'>): number | 'none' | undefined {
  const header = headers['x-next-page'];
  if (header !== undefined && /^\d+$/.test(header)) return Number(header);
  if (headers.link === undefined) return header === undefined ? undefined : 'none';
  const target = parseLinkHeader(headers.link).get('next');
  if (target === undefined) return 'none';
  const page = /[?&]page=(\d+)/.exec(target)?.[1];
  return page === undefined ? undefined : Number(page);
}

function withPage(
  request: Pick<ApiRequest<unknown>, 'path' | 'query'>,
  page: number,
): Pick<ApiRequest<unknown>, 'path' | 'query'> {
  return { path: request.path, query: { ...request.query, page } };
}
