import { cutPage } from './paging.ts';
import { type FakeAnswer, type FakeCall, type FakeForge, startFakeForge } from './server.ts';
import { createForgeState, type FakeChange, type FakeRepository, type ForgeState } from './state.ts';
import { codePoints, hasCommit, isStorable } from './statuses.ts';

const token = 'ATCTT3xFfGN0-canary-0123456789abcdef';

/** Bitbucket Cloud's REST API 2.0: repositories, pull requests, whose heads git does not see, and build statuses. */
export async function startFakeBitbucket(options: { readonly pageSize: number }): Promise<FakeForge> {
  const state = await createForgeState({ me: 'me' });
  return startFakeForge((origin) => ({
    state,
    token,
    apiPath: '/2.0',
    handle: (call) => answer(state, origin, options.pageSize, call),
  }));
}

async function answer(state: ForgeState, origin: string, pageSize: number, call: FakeCall): Promise<FakeAnswer> {
  const { authorization } = call.headers;
  if (authorization !== undefined && !isAccepted(authorization))
    return failure(401, 'Token is invalid or not supported for this endpoint.');
  const anonymous = authorization === undefined;
  if (anonymous && call.method !== 'GET') return failure(401, 'Access denied');

  const [kind, workspace = '', slug = '', ...rest] = call.url.pathname.split('/').slice(2).map(decodeURIComponent);
  if (kind !== 'repositories') return failure(404, 'Resource not found');
  const path = `${workspace}/${slug}`;
  if (call.method === 'POST' && rest.length === 0) {
    return createRepository(state, origin, workspace, slug, call.body as NewRepository);
  }
  const repository = state.repositories.get(path);
  if (repository === undefined || (anonymous && repository.private))
    return failure(404, `Repository ${path} not found`);
  return answerRepository(state, origin, pageSize, call, repository, rest);
}

function answerRepository(
  state: ForgeState,
  origin: string,
  pageSize: number,
  call: FakeCall,
  repository: FakeRepository,
  [list, item, ...rest]: readonly string[],
): FakeAnswer | Promise<FakeAnswer> {
  if (list === undefined) return { status: 200, body: repositoryJson(origin, repository) };
  if (list === 'commit' && item !== undefined && rest.join('/') === 'statuses/build') {
    return setStatus(state, origin, repository, item, call.body as NewStatus);
  }
  if (list !== 'pullrequests') return failure(404, 'Resource not found');
  if (item === undefined) return listPullRequests(state, origin, repository, pageSize, call);
  const change = state.changesOf(repository.path).find(({ number }) => number === Number(item));
  return change === undefined
    ? failure(404, `Pull request ${item} not found`)
    : { status: 200, body: pullRequestJson(state, origin, change) };
}

/** An access token by itself, or the same secret as a person's API token beside an account name. */
function isAccepted(authorization: string): boolean {
  if (authorization === `Bearer ${token}`) return true;
  const pair = Buffer.from(authorization.replace(/^Basic /, ''), 'base64').toString();
  return pair === `me@example.org:${token}`;
}

const nativeStates = { open: 'OPEN', merged: 'MERGED', closed: 'DECLINED' } as const;

function listPullRequests(
  state: ForgeState,
  origin: string,
  repository: FakeRepository,
  pageSize: number,
  call: FakeCall,
): FakeAnswer {
  const wanted = call.url.searchParams.getAll('state');
  const states: readonly string[] = wanted.length === 0 ? ['OPEN'] : wanted;
  const matching = state.changesOf(repository.path).filter((change) => states.includes(nativeStates[change.state]));
  const sorted = call.url.searchParams.get('sort') === 'created_on' ? matching : matching.toReversed();
  if (Number(call.url.searchParams.get('pagelen') ?? 10) > 50) return failure(400, 'Invalid pagelen');
  const cut = cutPage(call, sorted, { maxPerPage: pageSize, sizeParameter: 'pagelen' });
  return {
    status: 200,
    body: {
      values: cut.items.map((change) => pullRequestJson(state, origin, change)),
      pagelen: cut.perPage,
      size: sorted.length,
      page: cut.page,
      ...(cut.next === undefined ? {} : { next: cut.next }),
    },
  };
}

interface NewStatus {
  readonly key?: string;
  readonly state?: string;
  readonly url?: string;
  readonly name?: string;
  readonly description?: string;
  readonly refname?: string;
}

async function setStatus(
  state: ForgeState,
  origin: string,
  repository: FakeRepository,
  sha: string,
  want: NewStatus,
): Promise<FakeAnswer> {
  if (!repository.mayReport) return failure(403, 'Your credentials lack one or more required privilege scopes.');
  if (!(await hasCommit(repository, sha))) return failure(404, 'Commit not found');
  const { key = '', state: native = '', url = '', name = '', description = '', refname } = want;
  for (const [field, text, most] of [
    ['key', key, 40],
    ['name', name, 255],
    ['description', description, 255],
    ['url', url, 512],
  ] as const) {
    const count = codePoints(text);
    if (!isStorable(text)) return failure(500, 'Something went wrong');
    if (count > most)
      return failure(400, `${field}: Ensure this value has at most ${most} characters (it has ${count}).`);
  }
  if (key === '') return failure(400, 'key: This field is required.');
  if (!/^https?:\/\/[^{}]+$/.test(url)) return failure(400, 'url: Enter a valid URL.');
  if (!['SUCCESSFUL', 'FAILED', 'INPROGRESS', 'STOPPED'].includes(native)) return failure(400, 'state: Invalid state.');
  state.statuses.set(repository.path, sha, key, { context: name, state: native, description, url, ref: refname });
  const self = `${origin}/2.0/repositories/${repository.path}/commit/${sha}/statuses/build/${encodeURIComponent(key)}`;
  const body = { type: 'build', key, state: native, url, name, description, refname: refname ?? null };
  return { status: 201, body: { ...body, links: { self: { href: self } } } };
}

interface NewRepository {
  readonly scm?: string;
  readonly is_private?: boolean;
  readonly description?: string;
}

async function createRepository(
  state: ForgeState,
  origin: string,
  workspace: string,
  slug: string,
  want: NewRepository,
): Promise<FakeAnswer> {
  const owner = state.accounts.get(workspace.toLowerCase());
  if (owner === undefined) return failure(404, `No workspace with identifier '${workspace}'.`);
  if (!owner.mayCreate) return failure(403, 'Your credentials lack one or more required privilege scopes.');
  const path = `${workspace}/${slug}`;
  if (state.repositories.has(path)) return failure(400, 'Repository with this Slug and Owner already exists.');
  const { is_private: hidden = false, description = '' } = want;
  return {
    status: 200,
    body: repositoryJson(origin, await state.addRepository(path, { private: hidden, description, seed: false })),
  };
}

function repositoryJson(origin: string, repository: FakeRepository): unknown {
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

function pullRequestJson(state: ForgeState, origin: string, change: FakeChange): unknown {
  return {
    type: 'pullrequest',
    id: change.number,
    title: change.title,
    state: nativeStates[change.state],
    draft: change.draft,
    author: { type: 'user', display_name: change.author, nickname: change.author, uuid: `{${change.author}}` },
    source: endpointJson(state, origin, change.head),
    destination: endpointJson(state, origin, change.base),
    links: { html: { href: `${origin}/${change.base.repo}/pull-requests/${change.number}` } },
  };
}

function endpointJson(state: ForgeState, origin: string, side: FakeChange['head']): unknown {
  const repository = side.repo === undefined ? undefined : state.repositories.get(side.repo);
  return {
    branch: { name: side.branch },
    commit: { type: 'commit', hash: side.sha.slice(0, 12) },
    repository: repository === undefined ? null : shortRepository(origin, repository),
  };
}

function shortRepository(origin: string, { id, path }: FakeRepository): unknown {
  const links = { html: { href: `${origin}/${path}` } };
  return { type: 'repository', uuid: `{${id}}`, name: path.split('/')[1], full_name: path, links };
}

function failure(status: number, message: string): FakeAnswer {
  return { status, body: { type: 'error', error: { message } } };
}
