import { type FakeAnswer, type FakeCall, type FakeForge, startFakeForge } from './server.ts';
import { createForgeState, type FakeAccount, type FakeChange, type FakeRepository, type ForgeState } from './state.ts';
import { hasCommit, isStorable } from './statuses.ts';

const token = 'BBDC-canary-0123456789abcdef';

const notPermitted = failure(401, 'You are not permitted to access this resource');

export interface FakeDatacenterOptions {
  readonly pageSize: number;
  /** True: as before 7.4, build statuses belong to a commit of no repository. Default false. */
  readonly olderBuilds?: boolean;
}

/** Bitbucket Data Center's REST API 1.0 under a path prefix: projects by key in any case, personal ones as `~user`. */
export async function startFakeBitbucketDatacenter(options: FakeDatacenterOptions): Promise<FakeForge> {
  const state = await createForgeState({ me: 'me', headRef: (number) => `refs/pull-requests/${number}/from` });
  return startFakeForge((origin) => ({
    state,
    token,
    apiPath: '/bitbucket/rest/api/1.0',
    webPath: '/bitbucket',
    handle: (call) => answer(state, `${origin}/bitbucket`, options, call),
  }));
}

async function answer(
  state: ForgeState,
  web: string,
  options: FakeDatacenterOptions,
  call: FakeCall,
): Promise<FakeAnswer> {
  const { authorization } = call.headers;
  const password = `Basic ${Buffer.from(`me:${token}`).toString('base64')}`;
  if (![undefined, `Bearer ${token}`, password].includes(authorization))
    return failure(401, 'Authentication failed. Please check your credentials.');
  const anonymous = authorization === undefined;
  if (anonymous && call.method !== 'GET') return notPermitted;

  const [api, , kind, key = '', repos, slug, ...rest] = call.url.pathname.split('/').slice(3).map(decodeURIComponent);
  if (api === 'build-status' && kind === 'commits') return setStatus(state, '', key, call.body as NewStatus);
  const owner = findOwner(state, key);
  if (kind !== 'projects' || repos !== 'repos') return failure(404, 'null for uri');
  if (owner === undefined) return failure(404, `Project ${key} does not exist.`);
  if (slug === undefined) return createRepository(state, owner, call.body as NewRepository);
  const repository = state.repositories.get(`${keyOf(owner)}/${slug}`);
  if (repository === undefined || (anonymous && repository.private))
    return failure(404, `Repository ${key}/${slug} does not exist.`);
  return answerRepository(state, web, options, call, repository, rest);
}

function answerRepository(
  state: ForgeState,
  web: string,
  options: FakeDatacenterOptions,
  call: FakeCall,
  repository: FakeRepository,
  [list, item, builds]: readonly string[],
): FakeAnswer | Promise<FakeAnswer> {
  if (list === undefined) return { status: 200, body: repositoryJson(state, repository) };
  if (list === 'default-branch') return { status: 200, body: branchJson(repository.defaultBranch) };
  if (list === 'commits' && item !== undefined) {
    // What a server does not know at all is told by a layer that has another form for it.
    if (builds !== undefined && options.olderBuilds === true) {
      return { status: 404, body: { message: `null for uri: ${call.url.href}`, 'status-code': 404 } };
    }
    return answerCommit(state, repository, item, call);
  }
  if (list !== 'pull-requests') return failure(404, 'null for uri');
  if (item === undefined) return listPullRequests(state, web, repository, options.pageSize, call);
  const change = state.changesOf(repository.path).find(({ number }) => number === Number(item));
  if (change === undefined) return failure(404, `Pull request ${item} does not exist in ${repository.path}.`);
  return { status: 200, body: pullRequestJson(state, web, change) };
}

async function answerCommit(
  state: ForgeState,
  repository: FakeRepository,
  sha: string,
  call: FakeCall,
): Promise<FakeAnswer> {
  if (!(await hasCommit(repository, sha))) {
    return failure(404, `Commit '${sha}' does not exist in repository '${repository.path}'.`);
  }
  if (call.method === 'GET') return { status: 200, body: { id: sha, displayId: sha.slice(0, 11), parents: [] } };
  return repository.mayReport ? setStatus(state, repository.path, sha, call.body as NewStatus) : notPermitted;
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

interface NewStatus {
  readonly key?: string;
  readonly state?: string;
  readonly url?: string;
  readonly name?: string;
  readonly description?: string;
  readonly parent?: string;
  readonly ref?: string;
}

function setStatus(state: ForgeState, repo: string, sha: string, want: NewStatus): FakeAnswer {
  const { key = '', state: native = '', url = '', name = '', description = '', parent = '', ref } = want;
  for (const [field, text, most] of [
    ['key', key, 255],
    ['name', name, 255],
    ['description', description, 255],
    ['parent', parent, 1024],
    ['url', url, 450],
  ] as const) {
    if (!isStorable(text)) return failure(500, 'An error occurred');
    if (text.length > most) return failure(400, `${field}: size must be between 0 and ${most}`);
  }
  if (key === '' || !/^https?:/.test(url)) return failure(400, 'key and url are required');
  if (!['SUCCESSFUL', 'FAILED', 'INPROGRESS'].includes(native)) return failure(400, 'state: unknown value');
  if (ref !== undefined && !ref.startsWith('refs/')) return failure(400, 'ref: must start with refs/');
  // Only the newer place knows these two.
  if (repo === '' && (parent !== '' || ref !== undefined)) return failure(400, 'unrecognized field');
  state.statuses.set(repo, sha, key, { context: name, state: native, description, url, ref });
  return { status: 204 };
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
