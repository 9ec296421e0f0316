import { cutPage } from './paging.ts';
import { type FakeAnswer, type FakeCall, type FakeForge, startFakeForge } from './server.ts';
import { createForgeState, type FakeAccount, type FakeChange, type FakeRepository, type ForgeState } from './state.ts';
import { codePoints, hasCommit, isStorable } from './statuses.ts';

const token = 'glpat-canary-0123456789abcdef';

/** GitLab's REST API v4: projects by number or by encoded path, merge requests, commit statuses, namespaces. */
export async function startFakeGitlab(options: { readonly pageSize: number }): Promise<FakeForge> {
  const state = await createForgeState({ me: 'me', headRef: (number) => `refs/merge-requests/${number}/head` });
  return startFakeForge((origin) => ({
    state,
    token,
    apiPath: '/api/v4',
    handle: (call) => answer(state, origin, options.pageSize, call),
  }));
}

async function answer(state: ForgeState, origin: string, pageSize: number, call: FakeCall): Promise<FakeAnswer> {
  const { authorization } = call.headers;
  if (authorization !== undefined && authorization !== `Bearer ${token}`) return failure(401, '401 Unauthorized');
  const anonymous = authorization === undefined;
  if (anonymous && call.method !== 'GET') return failure(401, '401 Unauthorized');

  const [, kind = '', id = '', list, item] =
    /^\/api\/v4\/(\w+)(?:\/([^/]+))?(?:\/([^/]+))?(?:\/(\w+))?$/.exec(call.url.pathname) ?? [];
  const key = decodeURIComponent(id);
  if (kind === 'projects' && id === '' && call.method === 'POST') {
    return createProject(state, origin, call.body as NewProject);
  }
  if (kind === 'namespaces' && !anonymous) return namespace(state.accounts.get(key.toLowerCase()));
  if (kind !== 'projects') return failure(404, '404 Not Found');

  const project = findProject(state, key);
  if (project === undefined || (anonymous && project.private)) return failure(404, '404 Project Not Found');
  if (list === undefined) return { status: 200, body: projectJson(project, origin, anonymous) };
  if (list === 'statuses') return setStatus(state, project, item ?? '', call.body as NewStatus);
  if (list !== 'merge_requests') return failure(404, '404 Not Found');
  return answerMergeRequests(state, origin, pageSize, call, project, item);
}

function answerMergeRequests(
  state: ForgeState,
  origin: string,
  pageSize: number,
  call: FakeCall,
  project: FakeRepository,
  iid: string | undefined,
): FakeAnswer {
  if (iid === undefined) return listMergeRequests(state, origin, project, pageSize, call);
  const change = state.changesOf(project.path).find(({ number }) => number === Number(iid));
  return change === undefined
    ? failure(404, '404 Not found')
    : { status: 200, body: mergeRequestJson(state, origin, change) };
}

function findProject(state: ForgeState, key: string): FakeRepository | undefined {
  if (/^\d+$/.test(key)) return [...state.repositories.values()].find(({ id }) => id === Number(key));
  return state.repositories.get(key);
}

function listMergeRequests(
  state: ForgeState,
  origin: string,
  project: FakeRepository,
  maxPerPage: number,
  call: FakeCall,
): FakeAnswer {
  const wanted = call.url.searchParams.get('state') ?? 'all';
  // Newest first unless asked otherwise, as GitLab does.
  const matching = state.changesOf(project.path).filter((change) => wanted === 'all' || nativeState(change) === wanted);
  const sorted = call.url.searchParams.get('sort') === 'asc' ? matching : matching.toReversed();
  const cut = cutPage(call, sorted, { maxPerPage, sizeParameter: 'per_page' });
  const next = cut.next === undefined ? '' : (new URL(cut.next).searchParams.get('page') ?? '');
  return {
    status: 200,
    headers: {
      ...(cut.next === undefined ? {} : { link: `<${cut.next}>; rel="next", <${call.url.href}>; rel="first"` }),
      'x-page': String(cut.page),
      'x-per-page': String(cut.perPage),
      'x-next-page': next,
      'x-prev-page': cut.page > 1 ? String(cut.page - 1) : '',
    },
    body: cut.items.map((change) => mergeRequestJson(state, origin, change)),
  };
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

function projectJson(project: FakeRepository, origin: string, anonymous: boolean): unknown {
  const name = project.path.split('/').at(-1);
  return {
    id: project.id,
    description: project.description,
    name,
    path: name,
    path_with_namespace: project.path,
    default_branch: project.defaultBranch,
    http_url_to_repo: `${origin}/${project.path}.git`,
    web_url: `${origin}/${project.path}`,
    ...(anonymous ? {} : { visibility: project.private ? 'private' : 'public' }),
  };
}

function nativeState(change: FakeChange): string {
  return change.state === 'open' ? 'opened' : change.state;
}

function mergeRequestJson(state: ForgeState, origin: string, change: FakeChange): unknown {
  const { head, base } = change;
  return {
    id: change.id,
    iid: change.number,
    project_id: state.repositories.get(base.repo)?.id,
    title: change.title,
    state: nativeState(change),
    draft: change.draft,
    work_in_progress: change.draft,
    author: { id: state.accounts.get(change.author)?.id ?? 1, username: change.author, state: 'active' },
    source_branch: head.branch,
    target_branch: base.branch,
    source_project_id: head.repo === undefined ? null : state.repositories.get(head.repo)?.id,
    target_project_id: state.repositories.get(base.repo)?.id,
    sha: head.sha,
    merge_commit_sha: null,
    references: { short: `!${change.number}`, relative: `!${change.number}`, full: `${base.repo}!${change.number}` },
    web_url: `${origin}/${base.repo}/-/merge_requests/${change.number}`,
  };
}

function failure(status: number, message: unknown): FakeAnswer {
  return { status, body: { message } };
}
