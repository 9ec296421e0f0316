import type { GithubUrls } from './github-json.ts';
import { cutPage, linkHeader } from './paging.ts';
import type { FakeAnswer, FakeCall } from './server.ts';
import type { FakeRepository, ForgeState } from './state.ts';

export interface GithubWorld extends GithubUrls {
  readonly state: ForgeState;
  readonly pageSize: number;
}

/** A request about one repository; `route` is what follows `/repos/{owner}/{repo}`. */
export interface RepositoryCall {
  readonly world: GithubWorld;
  readonly call: FakeCall;
  readonly repository: FakeRepository;
  readonly route: readonly string[];
}

export function failure(status: number, message: string, errors?: readonly unknown[]): FakeAnswer {
  const more = errors === undefined ? {} : { errors };
  return {
    status,
    body: { message, ...more, documentation_url: 'https://docs.github.com/rest', status: String(status) },
  };
}

export const notFound = failure(404, 'Not Found');

export function iso(at: number): string {
  return new Date(at).toISOString().replace('.000', '');
}

/** One page of a listing, as a bare list or inside of what `wrap` makes. */
export function listed<T>(
  { world, call }: Pick<RepositoryCall, 'world' | 'call'>,
  all: readonly T[],
  json: (item: T) => unknown,
  wrap: (items: readonly unknown[]) => unknown = (items) => items,
): FakeAnswer {
  const cut = cutPage(call, all, { maxPerPage: world.pageSize, sizeParameter: 'per_page' });
  return { status: 200, headers: linkHeader(cut), body: wrap(cut.items.map(json)) };
}
