import { answerRepository, findUsers, groupMembers, member, type ProjectWorld } from './gitlab-commits.ts';
import { failure, type GitlabWorld, listed, mergeRequestJson, nativeState, projectJson } from './gitlab-json.ts';
import { answerBranch, answerFile } from './gitlab-owners.ts';
import { answerMergeRequest, approvalSettings } from './gitlab-reviews.ts';
import { type FakeAnswer, type FakeForge, startFakeForge } from './server.ts';
import { createForgeState, type FakeAccount, type FakeRepository, type ForgeState } from './state.ts';
import { codePoints, hasCommit, isStorable } from './statuses.ts';

const token = 'glpat-canary-0123456789abcdef';

/** GitLab's REST API v4: projects by number or by encoded path, merge requests with all that is said of them, commits, members, namespaces. */
export async function startFakeGitlab(options: { readonly pageSize: number }): Promise<FakeForge> {
  const state = await createForgeState({ me: 'me', headRef: (number) => `refs/merge-requests/${number}/head` });
  return startFakeForge((origin) => ({
    state,
    token,
    apiPath: '/api/v4',
    handle: (call) => answer({ state, origin, pageSize: options.pageSize, call }),
  }));
}

async function answer(world: GitlabWorld): Promise<FakeAnswer> {
  const { state, origin, call } = world;
  const { authorization } = call.headers;
  if (authorization !== undefined && authorization !== `Bearer ${token}`) return failure(401, '401 Unauthorized');
  const anonymous = authorization === undefined;
  if (anonymous && call.method !== 'GET') return failure(401, '401 Unauthorized');

  const [kind = '', id = '', list, ...rest] = call.url.pathname.split('/').slice(3).map(decodeURIComponent);
  if (kind === 'projects' && id === '' && call.method === 'POST') {
    return createProject(state, origin, call.body as NewProject);
  }
  if (kind === 'namespaces' && !anonymous) return namespace(state.accounts.get(id.toLowerCase()));
  if (kind === 'users' && id === '') return findUsers(world);
  if (kind === 'groups' && list === 'members') return groupMembers(world, id);
  if (kind !== 'projects') return failure(404, '404 Not Found');

  const project = findProject(state, id);
  if (project === undefined || (anonymous && project.private)) return failure(404, '404 Project Not Found');
  if (list === undefined) return { status: 200, body: projectJson(project, origin, anonymous) };
  return answerProject({ ...world, project }, list, rest);
}

async function answerProject(world: ProjectWorld, list: string, rest: readonly string[]): Promise<FakeAnswer> {
  const { state, call, project } = world;
  const [item = '', ...below] = rest;
  switch (list) {
    case 'statuses':
      return setStatus(state, project, item, call.body as NewStatus);
    case 'approvals':
      return approvalSettings(project);
    case 'members':
      return member(world, below[0] ?? '');
    case 'repository':
      if (item === 'branches') return answerBranch(world, below[0] ?? '');
      if (item === 'files') return answerFile(world, below[0] ?? '');
      return answerRepository(world, rest);
    case 'merge_requests':
      return item === '' ? listMergeRequests(world) : answerMergeRequest(world, Number(item), below[0]);
    default:
      return failure(404, '404 Not Found');
  }
}

function findProject(state: ForgeState, key: string): FakeRepository | undefined {
  if (/^\d+$/.test(key)) return [...state.repositories.values()].find(({ id }) => id === Number(key));
  return state.repositories.get(key);
}

function listMergeRequests(world: ProjectWorld): FakeAnswer {
  const { state, origin, project, call } = world;
  const asked = (name: string) => call.url.searchParams.get(name);
  const wanted = asked('state') ?? 'all';
  const label = asked('labels');
  const branch = asked('source_branch');
  const matching = state.changesOf(project.path).filter((change) => {
    const labels = state.about(project.path, change.number).labels.map(({ name }) => name);
    return (
      (wanted === 'all' || nativeState(change) === wanted) &&
      (branch === null || change.head.branch === branch) &&
      (label === null || labels.includes(label))
    );
  });
  // Newest first unless asked otherwise, as GitLab does.
  const sorted = asked('sort') === 'asc' ? matching : matching.toReversed();
  return listed(world, sorted, (change) => mergeRequestJson(state, origin, change));
}

interface NewStatus {
  readonly state: string;
  readonly name?: string;
  readonly ref?: string;
  readonly description?: string;
  readonly target_url?: string;
}

/** As app/services/ci/create_commit_status_service.rb does: only a status that has not ended is found and moved on. */
async function setStatus(
  state: ForgeState,
  project: FakeRepository,
  sha: string,
  want: NewStatus,
): Promise<FakeAnswer> {
  const { name = 'default', description = '', ref = project.defaultBranch, target_url: url } = want;
  if (!project.mayReport) return failure(403, '403 Forbidden');
  if (!(await hasCommit(project, sha))) return failure(404, '404 Commit Not Found');
  const states = ['pending', 'running', 'success', 'failed', 'canceled', 'skipped'];
  if (!states.includes(want.state)) return { status: 400, body: { error: 'state does not have a valid value' } };
  for (const [field, text] of Object.entries({ name, description, ref, target_url: url ?? '' })) {
    if (!isStorable(text)) return failure(500, '500 Internal Server Error');
    if (codePoints(text) > 255) return failure(400, { [field]: ['is too long (maximum is 255 characters)'] });
  }
  if (url !== undefined && !/^https?:/.test(url)) return failure(400, { target_url: ['is blocked'] });
  const before = state.statuses.find(project.path, sha, name)?.state;
  const event = want.state === 'pending' ? 'enqueue' : 'run';
  if (want.state === before || (want.state === 'pending' && before === 'running')) {
    if (['pending', 'running'].includes(before)) {
      const reason = `Status cannot transition via "${event}"`;
      return failure(400, `Cannot transition status via :${event} from :${before} (Reason(s): ${reason})`);
    }
  }
  const status = { context: name, state: want.state, description, url, ref: want.ref };
  state.statuses.set(project.path, sha, name, status);
  return {
    status: 201,
    body: { id: 1, sha, ref, status: want.state, name, target_url: url ?? null, description, allow_failure: false },
  };
}

interface NewProject {
  readonly name: string;
  readonly path: string;
  readonly namespace_id?: number;
  readonly visibility?: string;
  readonly description?: string;
}

async function createProject(state: ForgeState, origin: string, want: NewProject): Promise<FakeAnswer> {
  const owner = [...state.accounts.values()].find(({ id }) => id === (want.namespace_id ?? state.me.id));
  if (owner === undefined) return failure(400, { namespace: ['is not valid'] });
  if (!owner.mayCreate) return failure(403, '403 Forbidden');
  const path = `${owner.login}/${want.path}`;
  if (state.repositories.has(path)) {
    const taken = ['has already been taken'];
    return failure(400, { 'project_namespace.name': taken, name: taken, path: taken });
  }
  const { visibility = 'private', description = '' } = want;
  const project = await state.addRepository(path, { private: visibility !== 'public', description, seed: false });
  return { status: 201, body: projectJson(project, origin, false) };
}

function namespace(account: FakeAccount | undefined): FakeAnswer {
  if (account === undefined) return failure(404, '404 Namespace Not Found');
  const { id, login, kind } = account;
  const name = login.split('/').at(-1);
  return { status: 200, body: { id, name, path: name, kind: kind === 'person' ? 'user' : 'group', full_path: login } };
}
