import { SluiceError } from '../../errors.ts';
import type { ApiAnswer, ApiClient, ApiRequest, NextPage } from '../../http/client.ts';
import { nextPath } from '../../http/link-header.ts';
import { answered } from '../answered.ts';
import { pullRequestPath, repositoryPath } from './urls.ts';
import { repositorySchema } from './wire.ts';

export interface Page<T> {
  readonly values: readonly T[];
  readonly next?: string | null | undefined;
}

/** Every item of a listing, all pages; 50 items a page are the most that every listing takes. */
export function readAll<T>(client: ApiClient, request: ApiRequest<Page<T>>): Promise<readonly T[]> {
  return client.sendPages(fifty(request), nextPage(client.baseUrl), (page) => page.values);
}

/** The same for a listing that need not exist: undefined for a 404 in place of its first page. */
export async function readAllOrNothing<T>(
  client: ApiClient,
  request: ApiRequest<Page<T>>,
): Promise<readonly T[] | undefined> {
  const next = nextPage(client.baseUrl);
  let missing = false;
  const items = await client.sendPages<Page<T>, T>(
    { ...fifty(request), accept: [404] },
    (answer, page) => {
      if (answer.status !== 404) return next(answer, page);
      if (page.path !== request.path) throw vanished(request.purpose, answer);
      missing = true;
      return undefined;
    },
    (page) => page.values,
  );
  return missing ? undefined : items;
}

/** The next page is a whole URL in the body, which clients are told not to put together themselves (API, "Pagination"). */
export function nextPage(baseUrl: string): NextPage<Page<unknown>> {
  return (answer, request) => {
    const { next } = answered(answer, request.purpose);
    return next ? { path: nextPath(baseUrl, next) } : undefined;
  };
}

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

function fifty<T>(request: ApiRequest<T>): ApiRequest<T> {
  return { ...request, query: { ...request.query, pagelen: 50 } };
}

function vanished(purpose: string, { refusal }: Pick<ApiAnswer<unknown>, 'refusal'>): SluiceError {
  return new SluiceError(
    'unavailable',
    `could not ${purpose}: a later page answered 404 (${refusal ?? 'without a word'})`,
    {
      hint: 'Try again later.',
    },
  );
}
