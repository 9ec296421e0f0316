import { commitJson, ownCommits } from './bitbucket-commits.ts';
import {
  failure,
  iso,
  listed,
  nativeStates,
  pullRequestJson,
  type RepositoryWorld,
  short,
  userJson,
} from './bitbucket-json.ts';
import type { FakeDeed } from './conversation.ts';
import { changedFiles, readCommit } from './git-history.ts';
import { latestVerdicts } from './latest-verdicts.ts';
import type { FakeAnswer } from './server.ts';
import type { FakeChange } from './state.ts';

/** `/pullrequests/{id}` and what lies below it. */
export async function answerPullRequest(
  world: RepositoryWorld,
  id: string,
  below: string | undefined,
): Promise<FakeAnswer> {
  const { state, origin, repository } = world;
  const change = state.changesOf(repository.path).find(({ number }) => number === Number(id));
  if (change === undefined) return failure(404, `Pull request ${id} not found`);
  switch (below) {
    case undefined: {
      const participants = participantsOf(world, change);
      return { status: 200, body: { ...pullRequestJson(state, origin, change), participants } };
    }
    case 'commits': {
      const { gitDir } = state.repositories.get(change.head.repo ?? '') ?? repository;
      const commits = await Promise.all((await ownCommits(state, change)).map((sha) => readCommit(gitDir, sha)));
      return listed(world, commits, (commit) => commit && commitJson(state, commit));
    }
    case 'comments':
      return listComments(world, change);
    case 'activity':
      return listActivity(world, change);
    default:
      return failure(404, 'Resource not found');
  }
}

function participantsOf({ state, repository }: RepositoryWorld, { number }: FakeChange): readonly unknown[] {
  const { reviews } = state.about(repository.path, number);
  const deciding = latestVerdicts(reviews);
  const silent = reviews.filter(({ by }) => !deciding.some((one) => one.by === by));
  const participant = (by: string, at: number) => ({
    ...{ type: 'participant', user: userJson(state, by), role: 'REVIEWER', participated_on: iso(at) },
  });
  return [
    ...silent.map(({ by, at }) => ({ ...participant(by, at), approved: false, state: null })),
    ...deciding.map(({ by, at, verdict }) => ({
      ...participant(by, at),
      approved: verdict === 'approved',
      state: verdict === 'approved' ? 'approved' : 'changes_requested',
    })),
  ];
}

function listComments(world: RepositoryWorld, { number }: FakeChange): FakeAnswer {
  const { state, repository } = world;
  const comments = state
    .about(repository.path, number)
    .timeline.flatMap((deed) => (deed.kind === 'commented' ? [deed] : []));
  return listed(world, comments, ({ id, by, at, text }) => ({
    ...{ type: 'pullrequest_comment', id, user: userJson(state, by), deleted: false },
    ...{ created_on: iso(at), updated_on: iso(at), content: { type: 'rendered', raw: text, markup: 'markdown' } },
  }));
}

/** The newest first; every move, and every change of state, is an update that names the head of its time. */
function listActivity(world: RepositoryWorld, change: FakeChange): FakeAnswer {
  const { state, repository } = world;
  const { timeline } = state.about(repository.path, change.number);
  const firstPush = timeline.find((deed) => deed.kind === 'pushed');
  let head = firstPush?.kind === 'pushed' ? firstPush.before : change.head.sha;
  let now = 'OPEN';
  const activities = timeline.map((deed) => {
    if (deed.kind === 'pushed') head = deed.sha;
    now = stateAfter(deed, now);
    const user = userJson(state, deed.by);
    if (deed.kind === 'commented') return { comment: { id: deed.id, user, created_on: iso(deed.at) } };
    const source = { branch: { name: change.head.branch }, commit: { type: 'commit', hash: short(head) } };
    return { update: { date: iso(deed.at), state: now, author: user, title: change.title, source } };
  });
  return listed(world, activities.toReversed(), (activity) => activity, 50);
}

function stateAfter({ kind }: FakeDeed, before: string): string {
  if (kind === 'closed' || kind === 'merged') return nativeStates[kind];
  return kind === 'reopened' ? 'OPEN' : before;
}

/** Where the link of a pull request leads. */
export async function diffstat(world: RepositoryWorld): Promise<FakeAnswer> {
  const { state, repository, call } = world;
  const number = Number(call.url.searchParams.get('from_pullrequest_id'));
  const change = state.changesOf(repository.path).find((one) => one.number === number);
  const gitDir = state.repositories.get(change?.head.repo ?? '')?.gitDir;
  if (change === undefined || gitDir === undefined) return failure(404, 'Resource not found');
  const base = change.head.repo === change.base.repo ? change.base.branch : change.base.sha;
  return listed(world, await changedFiles(gitDir, base, change.head.sha), ({ status, path, previous }) => ({
    ...{ type: 'diffstat', status, lines_added: 1, lines_removed: 1 },
    old: status === 'added' ? null : { type: 'commit_file', path: previous ?? path },
    new: status === 'removed' ? null : { type: 'commit_file', path },
  }));
}

export function branchRestrictions(world: RepositoryWorld): FakeAnswer {
  const { resetOnPush, defaultBranch } = world.repository;
  if (resetOnPush === 'hidden') return failure(403, 'Your credentials lack one or more required privilege scopes.');
  const kind = 'reset_pullrequest_approvals_on_change';
  const all = resetOnPush
    ? [{ id: 1, type: 'branchrestriction', kind, branch_match_kind: 'glob', pattern: defaultBranch }]
    : [];
  return listed(world, all, (restriction) => restriction);
}
