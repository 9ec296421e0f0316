import { SluiceError } from '../../errors.ts';
import type { ApiClient, ApiRequest, NextPage } from '../../http/client.ts';
import { answered } from '../answered.ts';
import { pullRequestPath, repositoryPath } from './urls.ts';
import { repositorySchema } from './wire.ts';

export interface Page<T> {
  readonly values: readonly T[];
  readonly isLastPage: boolean;
  readonly nextPageStart?: number | null | undefined;
}

/** Every item of a listing, all pages; the server has caps of its own (`page.max.*`), which only mean more pages. */
export function readAll<T>(client: ApiClient, request: ApiRequest<Page<T>>): Promise<readonly T[]> {
  return client.sendPages(fromStart(request), nextStart, (page) => page.values);
}

/** The same for a listing that need not exist: undefined for a 404 in place of its first page. */
export async function readAllOrNothing<T>(
  client: ApiClient,
  request: ApiRequest<Page<T>>,
): Promise<readonly T[] | undefined> {
  let missing = false;
  const items = await client.sendPages<Page<T>, T>(
    { ...fromStart(request), accept: [404] },
    (answer, page) => {
      if (answer.status !== 404) return nextStart(answer, page);
      if (page.query?.start !== 0) {
        throw new SluiceError('unavailable', `could not ${request.purpose}: a later page answered 404`, {
          hint: 'Try again later.',
        });
      }
      missing = true;
      return undefined;
    },
    (page) => page.values,
  );
  return missing ? undefined : items;
}

/** The start of the next page is the server's to say: rows that the reader may not see make it more than `start + limit`. */
const nextStart: NextPage<Page<unknown>> = (answer, request) => {
  const page = answered(answer, request.purpose);
  if (page.isLastPage) return undefined;
  if (typeof page.nextPageStart !== 'number') {
    throw new SluiceError(
      'unavailable',
      `could not ${request.purpose}: a page is not the last, but does not name the next`,
    );
  }
  return { path: request.path, query: { ...request.query, start: page.nextPageStart } };
};

/** The same 404 is said of a commit and of a repository; the latter is a failure. */
export async function assureRepository(
  client: ApiClient,
  repo: string,
  options: Pick<ApiRequest<unknown>, 'signal'>,
): Promise<void> {
  const decode = (value: unknown) => repositorySchema.parse(value);
  await client.send({ path: repositoryPath(repo), decode, purpose: `find the repository ${repo}`, ...options });
}

/** A request for one pull request, or for what belongs to it. */
export function aboutPullRequest(repo: string, number: number, what: string, below = '') {
  return { path: pullRequestPath(repo, number) + below, purpose: `${what} pull request #${number} of ${repo}` };
}

function fromStart<T>(request: ApiRequest<T>): ApiRequest<T> {
  return { ...request, query: { ...request.query, limit: 100, start: 0 } };
}
