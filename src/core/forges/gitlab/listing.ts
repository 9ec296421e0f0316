import { SluiceError } from '../../errors.ts';
import type { ApiAnswer, ApiClient, ApiRequest } from '../../http/client.ts';
import { nextPageNumber } from '../page-number.ts';

/** Every item of a listing, all pages. */
export function readAll<T>(client: ApiClient, request: ApiRequest<readonly T[]>): Promise<readonly T[]> {
  return client.sendAll(hundred(request), nextPageNumber);
}

/**
 * The same for a listing of something that need not exist: undefined when GitLab says that it has no such `thing` ("Commit"). The 404 of
 * a project that is not there, or of a later page, is a failure.
 */
export async function readAllOf<T>(
  client: ApiClient,
  thing: string,
  request: ApiRequest<readonly T[]>,
): Promise<readonly T[] | undefined> {
  let missing = false;
  const items = await client.sendAll({ ...hundred(request), accept: [404] }, (answer, page) => {
    if (answer.status !== 404) return nextPageNumber(answer, page);
    if (Number(page.query?.page ?? 1) > 1) throw notFound(request.purpose, answer);
    missing = isMissing(answer, thing, request.purpose);
    return undefined;
  });
  return missing ? undefined : items;
}

/** True when an accepted 404 is about the thing itself: `404 Commit Not Found`. Any other 404 is thrown. */
export function isMissing(answer: ApiAnswer<unknown>, thing: string, purpose: string): boolean {
  if (answer.status !== 404) return false;
  if (new RegExp(`\\b${thing} not found`, 'i').test(answer.refusal ?? '')) return true;
  throw notFound(purpose, answer);
}

export function notFound(purpose: string, { refusal }: Pick<ApiAnswer<unknown>, 'refusal'>): SluiceError {
  return new SluiceError('not-found', `could not ${purpose}: the forge answered 404 (${refusal ?? 'without a word'})`, {
    hint: 'Check the spelling; forges also say this of what the credential may not see.',
  });
}

function hundred<T>(request: ApiRequest<T>): ApiRequest<T> {
  return { ...request, query: { ...request.query, per_page: 100 } };
}
