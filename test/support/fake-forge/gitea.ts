import { ownerJson, userJson } from './gitea-account.ts';
import {
  answerAboutPull,
  answerReviewing,
  findBranch,
  iso,
  labelJson,
  listMembers,
  listTeams,
} from './gitea-reviews.ts';
import { cutPage } from './paging.ts';
import { type FakeAnswer, type FakeCall, type FakeForge, startFakeForge } from './server.ts';
import { createForgeState, type FakeAccount, type FakeChange, type FakeRepository, type ForgeState } from './state.ts';
import { hasCommit, isStorable } from './statuses.ts';

const token = 'canary0123456789abcdef0123456789abcdef01';

/** The API of Gitea and Forgejo (/api/v1): repositories, pull requests and commit statuses. */
export async function startFakeGitea(options: { readonly pageSize: number }): Promise<FakeForge> {
  const state = await createForgeState({ me: 'me', headRef: (number) => `refs/pull/${number}/head` });
  return startFakeForge((origin) => ({
    state,
    token,
    apiPath: '/api/v1',
    handle: (call) => answer(state, origin, options.pageSize, call),
  }));
}

async function answer(state: ForgeState, origin: string, pageSize: number, call: FakeCall): Promise<FakeAnswer> {
  const { authorization } = call.headers;
  if (authorization !== undefined && authorization !== `token ${token}`) return unauthorized(origin);
  const anonymous = authorization === undefined;
  if (anonymous && call.method !== 'GET') return unauthorized(origin);

  const [kind, owner = '', name = '', ...rest] = call.url.pathname.split('/').slice(3).map(decodeURIComponent);
  if (kind === 'user' || kind === 'orgs') {
    return anonymous ? unauthorized(origin) : answerAccounts(state, origin, pageSize, call, [kind, owner, name]);
  }
  if (kind === 'teams') return listMembers({ state, origin, pageSize, call }, Number(owner));
  const repository = state.repositories.get(`${owner}/${name}`);
  if (kind !== 'repos' || repository === undefined || (anonymous && repository.private)) return notFound(origin);
  return answerRepository(state, origin, pageSize, call, repository, rest);
}

async function answerAccounts(
  state: ForgeState,
  origin: string,
  pageSize: number,
  call: FakeCall,
  [kind, owner, list]: readonly ['user' | 'orgs', string, string],
): Promise<FakeAnswer> {
  if (kind === 'user' && owner === '') return { status: 200, body: userJson(state.me) };
  if (list === 'teams') {
    if (organization(state, owner) === undefined) return notFound(origin);
    return listTeams({ state, origin, pageSize, call }, owner);
  }
  const account = kind === 'user' ? state.me : organization(state, owner);
  return createRepository(state, origin, account, call.body as NewRepository);
}

async function answerRepository(
  state: ForgeState,
  origin: string,
  pageSize: number,
  call: FakeCall,
  repository: FakeRepository,
  route: readonly string[],
): Promise<FakeAnswer> {
  const [list, item, sha = ''] = route;
  if (list === undefined) return { status: 200, body: repositoryJson(state, origin, repository) };
  if (list === 'statuses' && call.method === 'POST')
    return setStatus(state, origin, repository, item ?? '', call.body as NewStatus);
  const about = { state, origin, pageSize, call, repository };
  if (list === 'branches') return (await findBranch(about, route.slice(1).join('/'))) ?? notFound(origin);
  if (list !== 'pulls') return (await answerReviewing(about, [list, item, sha])) ?? notFound(origin);
  if (item === undefined) return listPulls(state, origin, repository, pageSize, call);
  const change = state.changesOf(repository.path).find(({ number }) => number === Number(item));
  if (change === undefined) return notFound(origin);
  if (sha !== '') return (await answerAboutPull(about, change, sha)) ?? notFound(origin);
  return { status: 200, body: pullJson(state, origin, change) };
}

function organization(state: ForgeState, login: string): FakeAccount | undefined {
  const account = state.accounts.get(login.toLowerCase());
  return account?.kind === 'organization' ? account : undefined;
}

function listPulls(
  state: ForgeState,
  origin: string,
  repository: FakeRepository,
  maxPerPage: number,
  call: FakeCall,
): FakeAnswer {
  const wanted = call.url.searchParams.get('state') ?? 'open';
  const matching = state
    .changesOf(repository.path)
    .filter((change) => wanted === 'all' || (change.state === 'open') === (wanted === 'open'));
  const sorted = call.url.searchParams.get('sort') === 'oldest' ? matching : matching.toReversed();
  const cut = cutPage(call, sorted, { maxPerPage, sizeParameter: 'limit' });
  // Gitea leaves the header out where everything fits on one page, and names no next page on the last.
  const links = [
    ...(cut.next === undefined ? [] : [`<${cut.next}>; rel="next"`]),
    ...(cut.page > 1 ? [`<${call.url.href}>; rel="prev"`] : []),
  ];
  return {
    status: 200,
    headers: { 'x-total-count': String(sorted.length), ...(links.length === 0 ? {} : { link: links.join(',') }) },
    body: cut.items.map((change) => pullJson(state, origin, change)),
  };
}

interface NewStatus {
  readonly state: string;
  readonly context?: string;
  readonly description?: string;
  readonly target_url?: string;
}

async function setStatus(
  state: ForgeState,
  origin: string,
  repository: FakeRepository,
  sha: string,
  want: NewStatus,
): Promise<FakeAnswer> {
  const url = `${origin}/api/swagger`;
  if (!repository.mayReport) {
    const message = 'token does not have at least one of required scope(s), required=[write:repository]';
    return { status: 403, body: { message, url } };
  }
  // It says no more than this of a commit that it does not have.
  if (!(await hasCommit(repository, sha))) return { status: 500, body: { message: '', url } };
  const { context = '', description = '', target_url: target = '' } = want;
  const texts = [context, description, target];
  const storable = texts.every((text) => isStorable(text) && Buffer.byteLength(text) <= 65_535);
  const known = ['pending', 'success', 'error', 'failure', 'warning', 'skipped'].includes(want.state);
  if (!storable || !known) return { status: 500, body: { message: '', url } };
  const status = { state: want.state, context: context.trim(), description: description.trim() };
  state.statuses.set(repository.path, sha, status.context, { ...status, url: target || undefined, ref: undefined });
  return {
    status: 201,
    body: {
      id: 1,
      status: want.state,
      context: status.context,
      description: status.description,
      target_url: target,
      url: `${origin}/api/v1/repos/${repository.path}/statuses/${sha}`,
      creator: userJson(state.me),
    },
  };
}

interface NewRepository {
  readonly name: string;
  readonly private?: boolean;
  readonly description?: string;
}

async function createRepository(
  state: ForgeState,
  origin: string,
  owner: FakeAccount | undefined,
  want: NewRepository,
): Promise<FakeAnswer> {
  if (owner === undefined) return notFound(origin);
  if (!owner.mayCreate)
    return { status: 403, body: { message: 'Given user is not allowed to create repository in organization.' } };
  const path = `${owner.login}/${want.name}`;
  if (state.repositories.has(path)) {
    return {
      status: 409,
      body: { message: 'The repository with the same name already exists.', url: `${origin}/api/swagger` },
    };
  }
  const { private: hidden = false, description = '' } = want;
  const repository = await state.addRepository(path, { private: hidden, description, seed: false });
  return { status: 201, body: repositoryJson(state, origin, repository) };
}

function repositoryJson(state: ForgeState, origin: string, repository: FakeRepository): unknown {
  const [owner = '', name = ''] = repository.path.split('/');
  return {
    id: repository.id,
    owner: ownerJson(state, owner),
    name,
    full_name: repository.path,
    description: repository.description,
    private: repository.private,
    fork: repository.parent !== undefined,
    html_url: `${origin}/${repository.path}`,
    clone_url: `${origin}/${repository.path}.git`,
    default_branch: repository.defaultBranch,
  };
}

/** As services/convert/pull.go does: once the fork is gone, the head names the pull request's own ref and no repository. */
function pullJson(state: ForgeState, origin: string, change: FakeChange): unknown {
  const { head, base } = change;
  const fork = head.repo === undefined ? undefined : state.repositories.get(head.repo);
  const target = state.repositories.get(base.repo);
  return {
    id: change.id,
    number: change.number,
    url: `${origin}/${base.repo}/pulls/${change.number}`,
    created_at: iso(change.openedAt),
    html_url: `${origin}/${base.repo}/pulls/${change.number}`,
    title: change.title,
    state: change.state === 'open' ? 'open' : 'closed',
    draft: change.draft,
    merged: change.state === 'merged',
    merged_at: change.state === 'merged' ? '2024-01-02T00:00:00Z' : null,
    user: ownerJson(state, change.author),
    labels: state.about(base.repo, change.number).labels.map(({ name }) => labelJson(name)),
    milestone: null,
    assignees: null,
    base: {
      label: base.branch,
      ref: base.branch,
      sha: base.sha,
      repo_id: target?.id,
      repo: target === undefined ? null : repositoryJson(state, origin, target),
    },
    head: {
      label: head.branch,
      ref: fork === undefined ? `refs/pull/${change.number}/head` : head.branch,
      sha: head.sha,
      repo_id: fork?.id ?? -1,
      repo: fork === undefined ? null : repositoryJson(state, origin, fork),
    },
  };
}

function unauthorized(origin: string): FakeAnswer {
  return { status: 401, body: { message: 'invalid username, password or token', url: `${origin}/api/swagger` } };
}

function notFound(origin: string): FakeAnswer {
  return { status: 404, body: { errors: [], message: "The target couldn't be found.", url: `${origin}/api/swagger` } };
}
