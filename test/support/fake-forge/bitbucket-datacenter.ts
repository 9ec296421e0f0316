import { type FakeAnswer, type FakeCall, type FakeForge, startFakeForge } from './server.ts';
import { createForgeState, type FakeAccount, type FakeChange, type FakeRepository, type ForgeState } from './state.ts';

const token = 'BBDC-canary-0123456789abcdef';

/** Bitbucket Data Center's REST API 1.0 under a path prefix: projects by key in any case, personal ones as `~user`. */
export async function startFakeBitbucketDatacenter(options: { readonly pageSize: number }): Promise<FakeForge> {
  const state = await createForgeState({ me: 'me', headRef: (number) => `refs/pull-requests/${number}/from` });
  return startFakeForge((origin) => ({
    state,
    token,
    apiPath: '/bitbucket/rest/api/1.0',
    webPath: '/bitbucket',
    handle: (call) => answer(state, `${origin}/bitbucket`, options.pageSize, call),
  }));
}

async function answer(state: ForgeState, web: string, pageSize: number, call: FakeCall): Promise<FakeAnswer> {
  const { authorization } = call.headers;
  const password = `Basic ${Buffer.from(`me:${token}`).toString('base64')}`;
  if (![undefined, `Bearer ${token}`, password].includes(authorization))
    return failure(401, 'Authentication failed. Please check your credentials.');
  const anonymous = authorization === undefined;

  const [kind, key = '', repos, slug, list, id] = call.url.pathname.split('/').slice(5).map(decodeURIComponent);
  const owner = findOwner(state, key);
  if (kind !== 'projects' || repos !== 'repos') return failure(404, 'null for uri');
  if (owner === undefined) return failure(404, `Project ${key} does not exist.`);
  if (slug === undefined) {
    return anonymous
      ? failure(401, 'You are not permitted to access this resource')
      : createRepository(state, owner, call.body as NewRepository);
  }
  const repository = state.repositories.get(`${keyOf(owner)}/${slug}`);
  if (repository === undefined || (anonymous && repository.private))
    return failure(404, `Repository ${key}/${slug} does not exist.`);
  if (list === undefined) return { status: 200, body: repositoryJson(state, repository) };
  if (list === 'default-branch') return { status: 200, body: branchJson(repository.defaultBranch) };
  if (list !== 'pull-requests') return failure(404, 'null for uri');
  if (id === undefined) return listPullRequests(state, web, repository, pageSize, call);
  const change = state.changesOf(repository.path).find(({ number }) => number === Number(id));
  if (change === undefined) return failure(404, `Pull request ${id} does not exist in ${key}/${slug}.`);
  return { status: 200, body: pullRequestJson(state, web, change) };
}

/** `~user` or a project's key; the server cares for the case of neither. */
function findOwner(state: ForgeState, key: string): FakeAccount | undefined {
  const account = state.accounts.get(key.replace(/^~/, '').toLowerCase());
  return account?.kind === (key.startsWith('~') ? 'person' : 'organization') ? account : undefined;
}

function keyOf(account: FakeAccount): string {
  return account.kind === 'person' ? `~${account.login}` : account.login.toUpperCase();
}

const nativeStates = { open: 'OPEN', merged: 'MERGED', closed: 'DECLINED' } as const;

function listPullRequests(
  state: ForgeState,
  web: string,
  repository: FakeRepository,
  pageSize: number,
  call: FakeCall,
): FakeAnswer {
  const { searchParams } = call.url;
  const wanted = searchParams.get('state') ?? 'OPEN';
  const matching = state
    .changesOf(repository.path)
    .filter((change) => wanted === 'ALL' || nativeStates[change.state] === wanted);
  const sorted = searchParams.get('order') === 'OLDEST' ? matching : matching.toReversed();
  const start = Number(searchParams.get('start') ?? 0);
  const limit = Math.min(Number(searchParams.get('limit') ?? 25), pageSize);
  const next = new URL(call.url);
  next.searchParams.set('start', String(start + limit));
  const isLastPage = start + limit >= sorted.length;
  return {
    status: 200,
    body: {
      size: Math.min(limit, Math.max(0, sorted.length - start)),
      limit,
      start,
      isLastPage,
      nextPageStart: isLastPage ? null : Number(new URL(call.nextPage(next.href)).searchParams.get('start')),
      values: sorted.slice(start, start + limit).map((change) => pullRequestJson(state, web, change)),
    },
  };
}

interface NewRepository {
  readonly name: string;
  readonly scmId: string;
  readonly public?: boolean;
  readonly description?: string;
}

async function createRepository(state: ForgeState, owner: FakeAccount, want: NewRepository): Promise<FakeAnswer> {
  if (!owner.mayCreate) return failure(401, 'You are not permitted to create repositories in this project');
  const path = `${keyOf(owner)}/${want.name.toLowerCase().replaceAll(' ', '-')}`;
  if (state.repositories.has(path)) return failure(409, 'This repository URL is already taken.');
  const { public: open = false, description = '' } = want;
  const repository = await state.addRepository(path, { private: !open, description, seed: false });
  return { status: 201, body: repositoryJson(state, repository) };
}

function repositoryJson(state: ForgeState, repository: FakeRepository): unknown {
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

function branchJson(branch: string): { readonly id: string; readonly displayId: string; readonly type: string } {
  return { id: `refs/heads/${branch}`, displayId: branch, type: 'BRANCH' };
}

function pullRequestJson(state: ForgeState, web: string, change: FakeChange): unknown {
  return {
    id: change.number,
    version: 0,
    title: change.title,
    state: nativeStates[change.state],
    open: change.state === 'open',
    closed: change.state !== 'open',
    draft: change.draft,
    author: { user: { name: change.author, slug: change.author, type: 'NORMAL' }, role: 'AUTHOR' },
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

function failure(status: number, message: string): FakeAnswer {
  return { status, body: { errors: [{ context: null, message, exceptionName: null }] } };
}
