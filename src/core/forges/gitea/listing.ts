import { SluiceError } from '../../errors.ts';
import type { ApiClient, ApiRequest } from '../../http/client.ts';
import type { CallOptions } from '../call-options.ts';
import { nextPageNumber } from '../page-number.ts';
import { repositoryPath } from './urls.ts';
import { repositorySchema } from './wire.ts';

/** Every item of a listing, all pages. 50 is the default cap of a server (`[api] MAX_RESPONSE_ITEMS`); a lower one only means more pages. */
export function readAll<T>(client: ApiClient, request: ApiRequest<readonly T[]>): Promise<readonly T[]> {
  return client.sendAll({ ...request, query: { ...request.query, limit: 50, page: 1 } }, nextPageNumber);
}

/**
 * The same of a thing that need not exist: undefined when the forge itself says 404 at once. (An error `not-found` does not mean that: it
 * may be the page of some other server.)
 */
export async function findAll<T>(
  client: ApiClient,
  request: ApiRequest<readonly T[]>,
): Promise<readonly T[] | undefined> {
  let isThere = true;
  const first = { ...request, accept: [404], query: { ...request.query, limit: 50, page: 1 } };
  const items = await client.sendAll(first, (answer, page) => {
    if (answer.status !== 404) return nextPageNumber(answer, page);
    if (page.query?.page === 1) isThere = false;
    else throw new SluiceError('unavailable', `could not ${request.purpose}: a later page is missing`);
    return undefined;
  });
  return isThere ? items : undefined;
}

/** The same 404 is said of a commit or a branch and of a repository; the latter is a failure. */
export async function assureRepository(client: ApiClient, repo: string, options: CallOptions): Promise<void> {
  const decode = (value: unknown) => repositorySchema.parse(value);
  await client.send({ path: repositoryPath(repo), decode, purpose: `find the repository ${repo}`, ...options });
}
