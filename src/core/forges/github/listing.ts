import { SluiceError } from '../../errors.ts';
import type { ApiClient, ApiRequest, NextPage } from '../../http/client.ts';
import { nextByLink } from '../../http/link-header.ts';

/** Every item of a listing, all pages. */
export function readAll<T>(client: ApiClient, request: ApiRequest<readonly T[]>): Promise<readonly T[]> {
  return client.sendAll(hundred(request), nextByLink(client.baseUrl));
}

export function hundred<T>(request: ApiRequest<T>): ApiRequest<T> {
  return { ...request, query: { ...request.query, per_page: 100 } };
}

/** Accepted beside 2xx by what asks about a commit: GitHub says 422 "No commit found for SHA: …" of one that it does not have. */
export const unknownCommitStatus = 422;

/** True for that answer; any other 422 is a failure. */
export function isUnknownCommit(
  { status, refusal }: { readonly status: number; readonly refusal: string | undefined },
  purpose: string,
): boolean {
  if (status !== unknownCommitStatus) return false;
  if (/no commit found/i.test(refusal ?? '')) return true;
  throw new SluiceError('usage', `could not ${purpose}: the forge answered 422 (${refusal ?? 'without a word'})`, {
    hint: 'The forge does not accept this request as it is.',
  });
}

/** The next page of a listing about a commit; an unknown commit has none. */
export function nextAboutCommit(baseUrl: string): NextPage<unknown> {
  const next = nextByLink(baseUrl);
  return (answer, request) => (isUnknownCommit(answer, request.purpose) ? undefined : next(answer, request));
}
