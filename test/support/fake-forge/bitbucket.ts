import { answerCommit, findBranch, listCommits, permissions } from './bitbucket-commits.ts';
import {
  type BitbucketWorld,
  failure,
  listed,
  nativeStates,
  pullRequestJson,
  type RepositoryWorld,
  repositoryJson,
} from './bitbucket-json.ts';
import { answerPullRequest, branchRestrictions, diffstat } from './bitbucket-reviews.ts';
import { type FakeAnswer, type FakeForge, startFakeForge } from './server.ts';
import { createForgeState, type FakeRepository, type ForgeState } from './state.ts';
import { codePoints, hasCommit, isStorable } from './statuses.ts';

const token = 'ATCTT3xFfGN0-canary-0123456789abcdef';

/** Bitbucket Cloud's REST API 2.0: repositories, pull requests, whose heads git does not see, and build statuses. */
export async function startFakeBitbucket(options: { readonly pageSize: number }): Promise<FakeForge> {
  const state = await createForgeState({ me: 'me' });
  return startFakeForge((origin) => ({
    state,
    token,
    apiPath: '/2.0',
    handle: (call) => answer({ state, origin, pageSize: options.pageSize, call }),
  }));
}

async function answer(world: BitbucketWorld): Promise<FakeAnswer> {
  const { state, origin, call } = world;
  const { authorization } = call.headers;
  if (authorization !== undefined && !isAccepted(authorization))
    return failure(401, 'Token is invalid or not supported for this endpoint.');
  const anonymous = authorization === undefined;
  if (anonymous && call.method !== 'GET') return failure(401, 'Access denied');

  const [kind, workspace = '', slug = '', ...rest] = call.url.pathname.split('/').slice(2).map(decodeURIComponent);
  if (kind === 'workspaces') return permissions(world, workspace, [slug, ...rest]);
  if (kind !== 'repositories') return failure(404, 'Resource not found');
  const path = `${workspace}/${slug}`;
  if (call.method === 'POST' && rest.length === 0) {
    return createRepository(state, origin, workspace, slug, call.body as NewRepository);
  }
  const repository = state.repositories.get(path);
  if (repository === undefined || (anonymous && repository.private))
    return failure(404, `Repository ${path} not found`);
  return answerRepository({ ...world, repository }, rest);
}

function answerRepository(
  world: RepositoryWorld,
  [list, ...rest]: readonly string[],
): FakeAnswer | Promise<FakeAnswer> {
  const { state, origin, repository, call } = world;
  const [item, ...below] = rest;
  switch (list) {
    case undefined:
      return { status: 200, body: repositoryJson(origin, repository) };
    case 'commit':
      if (call.method === 'GET') return answerCommit(world, rest);
      return setStatus(state, origin, repository, item ?? '', call.body as NewStatus);
    case 'commits':
      return listCommits(world);
    case 'refs':
      return item === 'branches' ? findBranch(world, below.join('/')) : failure(404, 'Resource not found');
    case 'branch-restrictions':
      return branchRestrictions(world);
    case 'diffstat':
      return diffstat(world);
    case 'pullrequests':
      return item === undefined ? listPullRequests(world) : answerPullRequest(world, item, below[0]);
    default:
      return failure(404, 'Resource not found');
  }
}

/** An access token by itself, or the same secret as a person's API token beside an account name. */
function isAccepted(authorization: string): boolean {
  if (authorization === `Bearer ${token}`) return true;
  const pair = Buffer.from(authorization.replace(/^Basic /, ''), 'base64').toString();
  return pair === `me@example.org:${token}`;
}

function listPullRequests(world: RepositoryWorld): FakeAnswer {
  const { state, origin, repository, call } = world;
  const wanted = call.url.searchParams.getAll('state');
  const states: readonly string[] = wanted.length === 0 ? ['OPEN'] : wanted;
  const [, quoted] = /^source\.branch\.name = "(.*)"$/.exec(call.url.searchParams.get('q') ?? '') ?? [];
  const branch = quoted?.replace(/\\(.)/g, '$1');
  const matching = state
    .changesOf(repository.path)
    .filter((change) => states.includes(nativeStates[change.state]))
    .filter(({ head }) => branch === undefined || head.branch === branch);
  const sorted = call.url.searchParams.get('sort') === 'created_on' ? matching : matching.toReversed();
  return listed(world, sorted, (change) => pullRequestJson(state, origin, change), 50);
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
