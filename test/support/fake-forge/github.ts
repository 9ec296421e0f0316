import { type FakeApp, type FakeAppDesk, fakeAppDesk } from './github-app.ts';
import { answerCommits } from './github-commits.ts';
import { answerContents, answerRef } from './github-contents.ts';
import { answerAboutPull, answerActivity, answerIssues, answerPermission, answerTeam } from './github-discussion.ts';
import { answerGraphql } from './github-graphql.ts';
import { accountJson, fullRepositoryJson, ownProfileJson, profileJson, pullJson } from './github-json.ts';
import { failure, type GithubWorld, notFound, type RepositoryCall } from './github-world.ts';
import { cutPage, linkHeader } from './paging.ts';
import { type FakeAnswer, type FakeCall, type FakeForge, startFakeForge } from './server.ts';
import { createForgeState, type FakeAccount, type FakeChange, type FakeRepository } from './state.ts';
import { codePoints, type FakeStatus, hasCommit, isStorable } from './statuses.ts';

const token = 'ghp_canary0123456789abcdefghijklmnopqrst';
const apiPath = '/api/v3';
const graphqlPath = '/api/graphql';

export interface FakeGithubOptions {
  /** Most items that a page of a listing holds, whatever `per_page` asks for. */
  readonly pageSize: number;
  readonly app?: FakeApp;
}

interface World extends GithubWorld {
  readonly desk: FakeAppDesk | undefined;
}

/** GitHub Enterprise Server's REST API (2022-11-28): repositories, pull requests, commit statuses, accounts, Apps. */
export async function startFakeGithub(options: FakeGithubOptions): Promise<FakeForge> {
  const state = await createForgeState({ me: 'me', headRef: (number) => `refs/pull/${number}/head` });
  const desk = options.app && fakeAppDesk(options.app);
  return startFakeForge((origin) => {
    const world: World = { state, desk, pageSize: options.pageSize, web: origin, api: origin + apiPath };
    return { state, token, apiPath, handle: (call) => answer(world, call) };
  });
}

async function answer(world: World, call: FakeCall): Promise<FakeAnswer> {
  const { authorization } = call.headers;
  const known = authorization === `Bearer ${token}` || world.desk?.isInstallation(authorization) === true;
  if (call.url.pathname === graphqlPath) return known ? answerGraphql(world, call) : failure(401, 'Bad credentials');
  const [, ...route] = call.url.pathname.slice(apiPath.length).split('/').map(decodeURIComponent);
  if (route[0] === 'app' || route.at(-1) === 'installation') return answerApp(world, call, route);
  const anonymous = authorization === undefined;
  if (!anonymous && !known) return failure(401, 'Bad credentials');
  if (route[0] === 'repos') return answerRepository(world, call, route.slice(1), anonymous);
  if (route[0] === 'users') {
    const account = world.state.accounts.get((route[1] ?? '').toLowerCase());
    return account === undefined ? notFound : { status: 200, body: profileJson(world, account) };
  }
  if (anonymous) return failure(401, 'Requires authentication');
  if (route[0] === 'orgs' && route[2] === 'teams') return answerTeam(world, call, route[1] ?? '', route[3] ?? '');
  return answerOwn(world, call, route);
}

function answerApp({ desk, api }: World, call: FakeCall, route: readonly string[]): FakeAnswer {
  if (desk?.isApp(call.headers.authorization) !== true) return failure(401, 'A JSON web token could not be decoded');
  const [kind, owner = '', installation] = route;
  if (kind === 'app') return desk.createToken(Number(installation)) ?? notFound;
  return desk.installation(api, owner) ?? notFound;
}

function answerRepository(
  world: World,
  call: FakeCall,
  route: readonly string[],
  anonymous: boolean,
): FakeAnswer | Promise<FakeAnswer> {
  const [owner, name, list, item] = route;
  const repository = world.state.repositories.get(`${owner}/${name}`);
  if (repository === undefined || (anonymous && repository.private)) return notFound;
  if (list === undefined) return { status: 200, body: fullRepositoryJson(world, world.state, repository) };
  const about = { world, call, repository, route: route.slice(2) };
  const closed = failure(401, 'Requires authentication');
  switch (list) {
    case 'statuses':
      return anonymous ? closed : setStatus(world, call, repository, item ?? '');
    case 'collaborators':
      return anonymous ? closed : answerPermission(about);
    case 'commits':
    case 'compare':
      return answerCommits(about);
    case 'contents':
      return answerContents(about);
    case 'git':
      return answerRef(about);
    case 'issues':
      return answerIssues(about);
    case 'activity':
      return answerActivity(about);
    case 'pulls':
      return answerPulls(about);
    default:
      return notFound;
  }
}

function answerPulls(about: RepositoryCall): FakeAnswer | Promise<FakeAnswer> {
  const { world, call, repository, route } = about;
  const [, number, list] = route;
  if (number === undefined) return listPulls(world, call, repository);
  const change = world.state.changesOf(repository.path).find((one) => one.number === Number(number));
  if (change === undefined) return notFound;
  if (list !== undefined) return answerAboutPull(about, change, list);
  return { status: 200, body: pullJson(world, world.state, change, true) };
}

function listPulls(world: GithubWorld, call: FakeCall, { path }: FakeRepository): FakeAnswer {
  const { searchParams } = call.url;
  const wanted = searchParams.get('state') ?? 'open';
  const ascending = searchParams.get('direction') === 'asc';
  const matching = world.state
    .changesOf(path)
    .filter((change) => wanted === 'all' || (change.state === 'open') === (wanted === 'open'))
    .filter(fromHead(searchParams.get('head')));
  const cut = cutPage(call, ascending ? matching : matching.toReversed(), {
    maxPerPage: world.pageSize,
    sizeParameter: 'per_page',
  });
  const body = cut.items.map((change) => pullJson(world, world.state, change));
  return { status: 200, headers: linkHeader(cut), body };
}

/** `owner:branch`; what is not of that form filters nothing. An owner may have several forks. */
function fromHead(wanted: string | null): (change: FakeChange) => boolean {
  const [, owner, branch] = /^([^:]+):(.+)$/.exec(wanted ?? '') ?? [];
  if (owner === undefined) return () => true;
  return ({ head }) => head.branch === branch && head.repo?.split('/')[0]?.toLowerCase() === owner.toLowerCase();
}

interface NewStatus {
  readonly state: string;
  readonly context?: string;
  readonly description?: string | null;
  readonly target_url?: string | null;
}

async function setStatus(world: World, call: FakeCall, repository: FakeRepository, sha: string): Promise<FakeAnswer> {
  if (!repository.mayReport) {
    const headers = { 'x-accepted-github-permissions': 'statuses=write' };
    return { ...failure(403, 'Resource not accessible by personal access token'), headers };
  }
  if (!(await hasCommit(repository, sha))) return failure(422, `No commit found for SHA: ${sha}`);
  const want = call.body as NewStatus;
  const problem = statusProblem(want);
  if (problem !== undefined) return failure(422, 'Validation Failed', [{ resource: 'Status', ...problem }]);
  const { state, context = 'default', description, target_url: url } = want;
  const status = { state, context, description: description ?? '', url: url ?? undefined, ref: undefined };
  world.state.statuses.set(repository.path, sha, context.toLowerCase(), status);
  return { status: 201, body: statusJson(world, repository, sha, status) };
}

function statusProblem({ state, context = 'default', description, target_url: url }: NewStatus): object | undefined {
  if (!['error', 'failure', 'pending', 'success'].includes(state)) return { code: 'invalid', field: 'state' };
  for (const [field, text, most] of [
    ['description', description ?? '', 140],
    ['context', context, 255],
  ] as const) {
    const custom = (message: string) => ({ code: 'custom', field, message: `${field} ${message}` });
    if (/[\u{10000}-\u{10FFFF}]/u.test(text) || !isStorable(text)) return custom("doesn't accept 4-byte Unicode");
    if (codePoints(text) > most) return custom(`is too long (maximum is ${most} characters)`);
  }
  if (url && !/^https?:/.test(url)) return { code: 'custom', field: 'target_url', message: 'must use http(s) scheme' };
  return undefined;
}

function statusJson(world: World, { path }: FakeRepository, sha: string, status: FakeStatus): unknown {
  const { state, context, description, url } = status;
  const time = '2024-01-02T03:04:05Z';
  return {
    url: `${world.api}/repos/${path}/statuses/${sha}`,
    avatar_url: null,
    id: 1,
    node_id: 'SC_1',
    state,
    description: description === '' ? null : description,
    target_url: url ?? null,
    context,
    created_at: time,
    updated_at: time,
    creator: accountJson(world, world.state.me),
  };
}

function answerOwn(world: World, call: FakeCall, route: readonly string[]): FakeAnswer | Promise<FakeAnswer> {
  const { state } = world;
  const [kind, login] = route;
  if (kind === 'user' && call.method === 'GET') return { status: 200, body: ownProfileJson(world, state.me) };
  if (kind === 'user') return createRepository(world, state.me, call.body);
  const account = state.accounts.get((login ?? '').toLowerCase());
  return account?.kind === 'organization' ? createRepository(world, account, call.body) : notFound;
}

async function createRepository(world: World, owner: FakeAccount, body: unknown): Promise<FakeAnswer> {
  const want = body as { readonly name: string; readonly private?: boolean; readonly description?: string };
  if (!owner.mayCreate)
    return failure(403, 'You need admin access to the organization before adding a repository to it.');
  const path = `${owner.login}/${want.name}`;
  if (world.state.repositories.has(path)) {
    const error = {
      resource: 'Repository',
      code: 'custom',
      field: 'name',
      message: 'name already exists on this account',
    };
    return failure(422, 'Repository creation failed.', [error]);
  }
  const { private: hidden = false, description = '' } = want;
  const repository = await world.state.addRepository(path, { private: hidden, description, seed: false });
  return { status: 201, body: fullRepositoryJson(world, world.state, repository) };
}
