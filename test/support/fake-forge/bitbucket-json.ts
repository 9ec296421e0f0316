import { cutPage } from './paging.ts';
import type { FakeAnswer, FakeCall } from './server.ts';
import type { FakeChange, FakeRepository, ForgeState } from './state.ts';

/** What every answer of the fake Bitbucket Cloud needs. */
export interface BitbucketWorld {
  readonly state: ForgeState;
  readonly origin: string;
  readonly pageSize: number;
  readonly call: FakeCall;
}

export interface RepositoryWorld extends BitbucketWorld {
  readonly repository: FakeRepository;
}

export const nativeStates = { open: 'OPEN', merged: 'MERGED', closed: 'DECLINED' } as const;

export function iso(at: number): string {
  return new Date(at).toISOString().replace('Z', '000+00:00');
}

/** Hashes of pull requests are abbreviated. */
export function short(sha: string): string {
  return sha.slice(0, 12);
}

/** Accounts have no login; the fake's uuid is made of it. */
export function userJson(state: ForgeState, login: string): unknown {
  const type = state.accounts.get(login.toLowerCase())?.kind === 'bot' ? 'app_user' : 'user';
  return {
    type,
    display_name: `${login} by name`,
    nickname: 'anybody',
    uuid: `{${login}}`,
    account_id: `557058:${login}`,
  };
}

/** One page; more than `most` items may not be asked for. */
export function listed<T>(
  { pageSize, call }: BitbucketWorld,
  all: readonly T[],
  json: (item: T) => unknown,
  most = 100,
): FakeAnswer {
  if (Number(call.url.searchParams.get('pagelen') ?? 10) > most) return failure(400, 'Invalid pagelen');
  const cut = cutPage(call, all, { maxPerPage: pageSize, sizeParameter: 'pagelen' });
  return {
    status: 200,
    body: {
      values: cut.items.map(json),
      pagelen: cut.perPage,
      size: all.length,
      page: cut.page,
      ...(cut.next === undefined ? {} : { next: cut.next }),
    },
  };
}

export function repositoryJson(origin: string, repository: FakeRepository): unknown {
  const name = repository.path.split('/')[1];
  return {
    type: 'repository',
    scm: 'git',
    uuid: `{${repository.id}}`,
    name,
    slug: name,
    full_name: repository.path,
    description: repository.description,
    is_private: repository.private,
    mainbranch: { type: 'branch', name: repository.defaultBranch },
    links: { html: { href: `${origin}/${repository.path}` } },
  };
}

export function pullRequestJson(state: ForgeState, origin: string, change: FakeChange): object {
  const api = `${origin}/2.0/repositories/${change.base.repo}`;
  const spec = `${change.head.repo ?? ''}:${short(change.head.sha)}%0D${short(change.base.sha)}`;
  return {
    type: 'pullrequest',
    id: change.number,
    title: change.title,
    state: nativeStates[change.state],
    draft: change.draft,
    author: userJson(state, change.author),
    source: endpointJson(state, origin, change.head),
    destination: endpointJson(state, origin, change.base),
    links: {
      html: { href: `${origin}/${change.base.repo}/pull-requests/${change.number}` },
      diffstat: { href: `${api}/diffstat/${spec}?from_pullrequest_id=${change.number}` },
    },
  };
}

function endpointJson(state: ForgeState, origin: string, side: FakeChange['head']): unknown {
  const repository = side.repo === undefined ? undefined : state.repositories.get(side.repo);
  return {
    branch: { name: side.branch },
    commit: { type: 'commit', hash: short(side.sha) },
    repository: repository === undefined ? null : shortRepository(origin, repository),
  };
}

function shortRepository(origin: string, { id, path }: FakeRepository): unknown {
  const links = { html: { href: `${origin}/${path}` } };
  return { type: 'repository', uuid: `{${id}}`, name: path.split('/')[1], full_name: path, links };
}

export function failure(status: number, message: string): FakeAnswer {
  return { status, body: { type: 'error', error: { message } } };
}
