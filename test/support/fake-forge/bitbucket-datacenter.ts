import {
  answerCommit,
  findUsers,
  groupMembers,
  listBranches,
  listBuilds,
  listCommits,
  noCommit,
} from './bitbucket-datacenter-commits.ts';
import {
  branchJson,
  type DatacenterWorld,
  failure,
  findOwner,
  keyOf,
  listed,
  nativeStates,
  notPermitted,
  pullRequestJson,
  type RepositoryWorld,
  repositoryJson,
} from './bitbucket-datacenter-json.ts';
import { answerPullRequest, requestSettings } from './bitbucket-datacenter-reviews.ts';
import { type FakeAnswer, type FakeForge, startFakeForge } from './server.ts';
import { createForgeState, type FakeAccount, type ForgeState } from './state.ts';
import { hasCommit, isStorable } from './statuses.ts';

const token = 'BBDC-canary-0123456789abcdef';

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
    handle: (call) => answer({ state, web: `${origin}/bitbucket`, pageSize: options.pageSize, call }, options),
  }));
}

async function answer(world: DatacenterWorld, options: FakeDatacenterOptions): Promise<FakeAnswer> {
  const { state, call } = world;
  const { authorization } = call.headers;
  const password = `Basic ${Buffer.from(`me:${token}`).toString('base64')}`;
  if (![undefined, `Bearer ${token}`, password].includes(authorization))
    return failure(401, 'Authentication failed. Please check your credentials.');
  const anonymous = authorization === undefined;
  if (anonymous && call.method !== 'GET') return notPermitted;

  const [api, , kind, key = '', repos, slug, ...rest] = call.url.pathname.split('/').slice(3).map(decodeURIComponent);
  if (api === 'build-status' && kind === 'commits') {
    return call.method === 'GET' ? listBuilds(world, key) : setStatus(state, '', key, call.body as NewStatus);
  }
  if (kind === 'users' && !anonymous) return findUsers(world);
  if (kind === 'admin' && key === 'groups' && repos === 'more-members' && !anonymous) return groupMembers(world);
  const owner = findOwner(state, key);
  if (kind !== 'projects' || repos !== 'repos') return failure(404, 'null for uri');
  if (owner === undefined) return failure(404, `Project ${key} does not exist.`);
  if (slug === undefined) return createRepository(state, owner, call.body as NewRepository);
  const repository = state.repositories.get(`${keyOf(owner)}/${slug}`);
  if (repository === undefined || (anonymous && repository.private))
    return failure(404, `Repository ${key}/${slug} does not exist.`);
  return answerRepository({ ...world, repository }, options, rest);
}

function answerRepository(
  world: RepositoryWorld,
  options: FakeDatacenterOptions,
  [list, item, below]: readonly string[],
): FakeAnswer | Promise<FakeAnswer> {
  const { state, repository, call } = world;
  switch (list) {
    case undefined:
      return { status: 200, body: repositoryJson(state, repository) };
    case 'default-branch':
      return { status: 200, body: branchJson(repository.defaultBranch) };
    case 'branches':
      return listBranches(world);
    case 'settings':
      return requestSettings(repository);
    case 'commits':
      if (item === undefined) return listCommits(world);
      // What a server does not know at all is told by a layer that has another form for it.
      if (below === 'builds' && options.olderBuilds === true) {
        return { status: 404, body: { message: `null for uri: ${call.url.href}`, 'status-code': 404 } };
      }
      return call.method === 'GET' ? answerCommit(world, item, below) : reportBuild(world, item);
    case 'pull-requests':
      return item === undefined ? listPullRequests(world) : answerPullRequest(world, item, below);
    default:
      return failure(404, 'null for uri');
  }
}

async function reportBuild({ state, repository, call }: RepositoryWorld, sha: string): Promise<FakeAnswer> {
  if (!(await hasCommit(repository, sha))) return noCommit(repository, sha);
  return repository.mayReport ? setStatus(state, repository.path, sha, call.body as NewStatus) : notPermitted;
}

/** Those that come in, or those that go out to any repository. */
function listPullRequests(world: RepositoryWorld): FakeAnswer {
  const { state, web, repository, call } = world;
  const asked = (name: string) => call.url.searchParams.get(name);
  const wanted = asked('state') ?? 'OPEN';
  const at = asked('at');
  const outgoing = asked('direction') === 'OUTGOING';
  const everywhere = [...state.repositories.keys()].flatMap((path) => state.changesOf(path));
  const side = outgoing ? 'head' : 'base';
  const matching = (outgoing ? everywhere : state.changesOf(repository.path))
    .filter((change) => change[side].repo === repository.path)
    .filter((change) => at === null || at === `refs/heads/${change[side].branch}`)
    .filter((change) => wanted === 'ALL' || nativeStates[change.state] === wanted);
  const sorted = asked('order') === 'OLDEST' ? matching : matching.toReversed();
  return listed(world, sorted, (change) => pullRequestJson(state, web, change));
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
