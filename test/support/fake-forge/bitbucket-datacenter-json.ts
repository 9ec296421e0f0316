import type { FakeAnswer, FakeCall } from './server.ts';
import type { FakeAccount, FakeChange, FakeRepository, ForgeState } from './state.ts';

/** What every answer of the fake Data Center needs; `web` is where its pages are. */
export interface DatacenterWorld {
  readonly state: ForgeState;
  readonly web: string;
  readonly pageSize: number;
  readonly call: FakeCall;
}

export interface RepositoryWorld extends DatacenterWorld {
  readonly repository: FakeRepository;
}

export const nativeStates = { open: 'OPEN', merged: 'MERGED', closed: 'DECLINED' } as const;

export const notPermitted = failure(401, 'You are not permitted to access this resource');

export function userJson(state: ForgeState, login: string): object {
  const account = state.accounts.get(login.toLowerCase());
  const type = account?.kind === 'bot' ? 'SERVICE' : 'NORMAL';
  return {
    name: login,
    slug: login.toLowerCase(),
    displayName: login,
    emailAddress: account?.email,
    active: true,
    type,
  };
}

/** One page, cut by an offset. */
export function listed<T>(
  { pageSize, call }: DatacenterWorld,
  all: readonly T[],
  json: (item: T) => unknown,
): FakeAnswer {
  const start = Number(call.url.searchParams.get('start') ?? 0);
  const limit = Math.min(Number(call.url.searchParams.get('limit') ?? 25), pageSize);
  const next = new URL(call.url);
  next.searchParams.set('start', String(start + limit));
  const isLastPage = start + limit >= all.length;
  return {
    status: 200,
    body: {
      size: Math.min(limit, Math.max(0, all.length - start)),
      limit,
      start,
      isLastPage,
      nextPageStart: isLastPage ? null : Number(new URL(call.nextPage(next.href)).searchParams.get('start')),
      values: all.slice(start, start + limit).map(json),
    },
  };
}

/** `~user` or a project's key; the server cares for the case of neither. */
export function findOwner(state: ForgeState, key: string): FakeAccount | undefined {
  const account = state.accounts.get(key.replace(/^~/, '').toLowerCase());
  return account?.kind === (key.startsWith('~') ? 'person' : 'organization') ? account : undefined;
}

export function keyOf(account: FakeAccount): string {
  return account.kind === 'person' ? `~${account.login}` : account.login.toUpperCase();
}

export function repositoryJson(state: ForgeState, repository: FakeRepository): unknown {
  const [key = '', slug] = repository.path.split('/');
  const personal = key.startsWith('~');
  return {
    id: repository.id,
    slug,
    name: slug,
    scmId: 'git',
    state: 'AVAILABLE',
    description: repository.description,
    public: !repository.private,
    // Personal projects come back in upper case.
    project: { key: key.toUpperCase(), id: findOwner(state, key)?.id, type: personal ? 'PERSONAL' : 'NORMAL' },
  };
}

export function branchJson(branch: string): { readonly id: string; readonly displayId: string; readonly type: string } {
  return { id: `refs/heads/${branch}`, displayId: branch, type: 'BRANCH' };
}

export function pullRequestJson(state: ForgeState, web: string, change: FakeChange): object {
  return {
    id: change.number,
    version: 0,
    title: change.title,
    state: nativeStates[change.state],
    open: change.state === 'open',
    closed: change.state !== 'open',
    draft: change.draft,
    createdDate: change.openedAt,
    author: { user: userJson(state, change.author), role: 'AUTHOR', approved: false, status: 'UNAPPROVED' },
    fromRef: refJson(state, change.head),
    toRef: refJson(state, change.base),
    links: {
      self: [{ href: `${web}/projects/${change.base.repo.replace('/', '/repos/')}/pull-requests/${change.number}` }],
    },
  };
}

function refJson(state: ForgeState, side: FakeChange['head']): unknown {
  const repository = side.repo === undefined ? undefined : state.repositories.get(side.repo);
  return {
    ...branchJson(side.branch),
    latestCommit: side.sha,
    ...(repository === undefined ? {} : { repository: repositoryJson(state, repository) }),
  };
}

export function failure(status: number, message: string): FakeAnswer {
  return { status, body: { errors: [{ context: null, message, exceptionName: null }] } };
}
