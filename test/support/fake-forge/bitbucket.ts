import { cutPage } from './paging.ts';
import { type FakeAnswer, type FakeCall, type FakeForge, startFakeForge } from './server.ts';
import { createForgeState, type FakeChange, type FakeRepository, type ForgeState } from './state.ts';

const token = 'ATCTT3xFfGN0-canary-0123456789abcdef';

/** Bitbucket Cloud's REST API 2.0: repositories and pull requests, whose heads git does not see. */
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

  const [kind, workspace = '', slug = '', list, id] = call.url.pathname.split('/').slice(2).map(decodeURIComponent);
  if (kind !== 'repositories') return failure(404, 'Resource not found');
  const path = `${workspace}/${slug}`;
  if (call.method === 'POST' && list === undefined) {
    return anonymous
      ? failure(401, 'Access denied')
      : createRepository(state, origin, workspace, slug, call.body as NewRepository);
  }
  const repository = state.repositories.get(path);
  if (repository === undefined || (anonymous && repository.private))
    return failure(404, `Repository ${path} not found`);
  if (list === undefined) return { status: 200, body: repositoryJson(origin, repository) };
  if (list !== 'pullrequests') return failure(404, 'Resource not found');
  if (id === undefined) return listPullRequests(state, origin, repository, pageSize, call);
  const change = state.changesOf(path).find(({ number }) => number === Number(id));
  return change === undefined
    ? failure(404, `Pull request ${id} not found`)
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
