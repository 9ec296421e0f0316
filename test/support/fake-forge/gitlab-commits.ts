import { commitsBetween, type GitCommit, mergeBase, readCommit } from './git-history.ts';
import { failure, type GitlabWorld, iso, listed, mergeRequestJson, userJson } from './gitlab-json.ts';
import type { FakeAnswer } from './server.ts';
import type { FakeChange, FakeRepository } from './state.ts';

export interface ProjectWorld extends GitlabWorld {
  readonly project: FakeRepository;
}

/** `/repository/commits/:sha`, its statuses and merge requests, and `/repository/merge_base`. */
export async function answerRepository(
  world: ProjectWorld,
  [list, sha = '', below]: readonly string[],
): Promise<FakeAnswer> {
  const { state, origin, project } = world;
  if (list === 'merge_base') return findMergeBase(world);
  if (list !== 'commits') return failure(404, '404 Not Found');
  const commit = await readCommit(project.gitDir, sha);
  if (commit === undefined) return failure(404, '404 Commit Not Found');
  if (below === undefined) return { status: 200, body: commitJson(commit) };
  if (below === 'statuses') return listStatuses(world, commit.sha);
  if (below !== 'merge_requests') return failure(404, '404 Not Found');
  const holding: FakeChange[] = [];
  for (const change of state.changesOf(project.path)) {
    const own = await commitsBetween(project.gitDir, change.base.sha, change.head.sha);
    if (own.includes(commit.sha)) holding.push(change);
  }
  return listed(world, holding, (change) => mergeRequestJson(state, origin, change));
}

function commitJson({ sha, author, committer, message, parents }: GitCommit): unknown {
  return {
    ...{ id: sha, short_id: sha.slice(0, 8), title: message.split('\n')[0], message, parent_ids: parents },
    ...{ author_name: author.name, author_email: author.email, authored_date: iso(author.at) },
    ...{ committer_name: committer.name, committer_email: committer.email, committed_date: iso(committer.at) },
  };
}

async function findMergeBase({ call, project }: ProjectWorld): Promise<FakeAnswer> {
  const refs = call.url.searchParams.getAll('refs[]');
  const commits = await Promise.all(refs.map((ref) => readCommit(project.gitDir, ref)));
  const unknown = refs.filter((_, at) => commits[at] === undefined);
  if (unknown.length > 0) return failure(400, `400 Bad request - Could not find ref: ${unknown.join(', ')}`);
  const [a = '', b = ''] = refs;
  const base = await mergeBase(project.gitDir, a, b);
  const commit = base === undefined ? undefined : await readCommit(project.gitDir, base);
  return commit === undefined ? failure(404, '404 Merge Base Not Found') : { status: 200, body: commitJson(commit) };
}

const jobWords = {
  ...{ pending: 'pending', running: 'running', success: 'success', failure: 'failed' },
  ...{ cancelled: 'canceled', neutral: 'success', skipped: 'skipped' },
} as const;

/** What was set over the API and what jobs of pipelines said, all of one ref. */
function listStatuses(world: ProjectWorld, sha: string): FakeAnswer {
  const { state, project } = world;
  const own = state.statuses.of(project.path, sha).map(({ context, state: word, url }, at) => {
    return { id: at + 1, name: context, status: word, url, by: state.me.login };
  });
  const jobs = state.checks.of(project.path, sha).map(({ id, name, state: word, url, by }) => {
    return { id, name, status: jobWords[word], url, by: by ?? state.me.login };
  });
  return listed(world, [...own, ...jobs], ({ id, name, status, url, by }) => ({
    ...{ id, sha, ref: project.defaultBranch, name, status, allow_failure: false, target_url: url ?? null },
    author: userJson(state, by),
  }));
}

const levels = { none: 0, read: 20, write: 30, admin: 40 } as const;

export function member({ state, project }: ProjectWorld, id: string): FakeAnswer {
  if (!project.maySeeMembers) return failure(403, '403 Forbidden');
  const account = [...state.accounts.values()].find((one) => one.id === Number(id));
  const access_level = account === undefined ? 0 : levels[state.members.permission(project.path, account.login)];
  if (account === undefined || access_level === 0) return failure(404, '404 Not found');
  return { status: 200, body: { ...(userJson(state, account.login) as object), access_level, expires_at: null } };
}

export function findUsers(world: GitlabWorld): FakeAnswer {
  const wanted = world.call.url.searchParams.get('username')?.toLowerCase();
  const people = [...world.state.accounts.values()].filter(({ kind }) => kind !== 'organization');
  const found = people.filter(({ login }) => wanted === undefined || login.toLowerCase() === wanted);
  return listed(world, found, ({ login }) => userJson(world.state, login));
}

export function groupMembers(world: GitlabWorld, path: string): FakeAnswer {
  const logins = world.state.members.team(path);
  if (logins === undefined) return failure(404, '404 Group Not Found');
  const json = (login: string) => ({ ...(userJson(world.state, login) as object), access_level: 30, expires_at: null });
  return listed(world, logins, json);
}
