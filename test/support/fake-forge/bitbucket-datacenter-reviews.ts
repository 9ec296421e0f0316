import { failure, listed, pullRequestJson, type RepositoryWorld, userJson } from './bitbucket-datacenter-json.ts';
import type { FakeDeed } from './conversation.ts';
import { changedFiles } from './git-history.ts';
import { latestVerdicts } from './latest-verdicts.ts';
import type { FakeAnswer } from './server.ts';
import type { FakeChange, FakeRepository } from './state.ts';

/** `/pull-requests/{id}` and what lies below it. */
export async function answerPullRequest(
  world: RepositoryWorld,
  id: string,
  below: string | undefined,
): Promise<FakeAnswer> {
  const { state, web, repository } = world;
  const change = state.changesOf(repository.path).find(({ number }) => number === Number(id));
  if (change === undefined) return failure(404, `Pull request ${id} does not exist in ${repository.path}.`);
  switch (below) {
    case undefined: {
      const reviewers = reviewersOf(world, change);
      return { status: 200, body: { ...pullRequestJson(state, web, change), reviewers, participants: [] } };
    }
    case 'activities':
      return listed(world, state.about(repository.path, change.number).timeline.toReversed(), (deed) =>
        activityJson(world, change, deed),
      );
    case 'changes':
      return listChanges(world, change);
    default:
      return failure(404, 'null for uri');
  }
}

function reviewersOf({ state, repository }: RepositoryWorld, { number }: FakeChange): readonly unknown[] {
  return latestVerdicts(state.about(repository.path, number).reviews).map(({ by, verdict, commit }) => ({
    user: userJson(state, by),
    role: 'REVIEWER',
    approved: verdict === 'approved',
    status: verdict === 'approved' ? 'APPROVED' : 'NEEDS_WORK',
    lastReviewedCommit: commit,
  }));
}

const actions = {
  ...{ opened: 'OPENED', closed: 'DECLINED', reopened: 'REOPENED', merged: 'MERGED', pushed: 'RESCOPED' },
  ...{ commented: 'COMMENTED', labeled: 'UPDATED', unlabeled: 'UPDATED' },
} as const;

function activityJson({ state }: RepositoryWorld, { base }: FakeChange, deed: FakeDeed): unknown {
  const { id, at, by, kind } = deed;
  const user = userJson(state, by);
  const activity = { id, createdDate: at, user, action: actions[kind] };
  if (kind === 'pushed') {
    const hashes = { fromHash: deed.sha, previousFromHash: deed.before, toHash: base.sha, previousToHash: base.sha };
    return { ...activity, ...hashes };
  }
  if (kind !== 'commented') return activity;
  const comment = { id, version: 0, text: deed.text, author: user, createdDate: at, updatedDate: at, comments: [] };
  return { ...activity, commentAction: 'ADDED', comment };
}

/** One page, whatever is asked for; the start is ignored and the rest cut off. */
async function listChanges({ repository, call }: RepositoryWorld, { head, base }: FakeChange): Promise<FakeAnswer> {
  const limit = Math.min(Number(call.url.searchParams.get('limit') ?? 25), 1000);
  const files = await changedFiles(repository.gitDir, base.branch, head.sha);
  const path = (name: string) => ({ components: name.split('/'), name: name.split('/').at(-1), toString: name });
  return {
    status: 200,
    body: {
      ...{ fromHash: base.sha, toHash: head.sha, size: Math.min(files.length, limit), limit, start: 0 },
      ...{ isLastPage: files.length <= limit, nextPageStart: files.length <= limit ? null : limit },
      values: files.slice(0, limit).map((file) => ({
        path: path(file.path),
        type: file.status === 'renamed' ? 'MOVE' : 'MODIFY',
        ...(file.previous === undefined ? {} : { srcPath: path(file.previous) }),
      })),
    },
  };
}

export function requestSettings({ resetOnPush }: FakeRepository): FakeAnswer {
  if (resetOnPush === 'hidden') return failure(401, 'You are not permitted to access this resource');
  return {
    status: 200,
    body: { requiredApprovers: 0, requiredAllTasksComplete: false, unapproveOnUpdate: resetOnPush },
  };
}
