import { changedFiles } from './git-history.ts';
import type { ProjectWorld } from './gitlab-commits.ts';
import { failure, iso, listed, mergeRequestJson, userJson } from './gitlab-json.ts';
import { approvalState } from './gitlab-owners.ts';
import { latestVerdicts } from './latest-verdicts.ts';
import type { FakeAnswer } from './server.ts';
import type { FakeChange, FakeRepository } from './state.ts';

/** `/merge_requests/:iid` and what lies below it. */
export async function answerMergeRequest(
  world: ProjectWorld,
  number: number,
  below: string | undefined,
): Promise<FakeAnswer> {
  const { state, origin, project } = world;
  const change = state.changesOf(project.path).find((one) => one.number === number);
  if (change === undefined) return failure(404, '404 Not found');
  const { timeline } = state.about(project.path, number);
  switch (below) {
    case undefined: {
      const body = mergeRequestJson(state, origin, change) as object;
      const files = await filesOf(world, change);
      return {
        status: 200,
        body: { ...body, detailed_merge_status: 'mergeable', changes_count: String(files.length) },
      };
    }
    case 'approvals':
      return approvals(world, change);
    case 'approval_state':
      return approvalState(world, change);
    case 'reviewers':
      return reviewers(world, change);
    case 'versions':
      return listed(world, versionsOf(world, change).toReversed(), ({ id, sha, at }) => ({
        ...{ id, head_commit_sha: sha, base_commit_sha: change.base.sha, start_commit_sha: change.base.sha },
        ...{ created_at: iso(at), merge_request_id: change.id, state: 'collected', real_size: '1' },
      }));
    case 'notes': {
      const ascending = world.call.url.searchParams.get('sort') === 'asc';
      return listed(world, ascending ? timeline : timeline.toReversed(), (deed) => ({
        ...{ id: deed.id, author: userJson(state, deed.by), created_at: iso(deed.at), updated_at: iso(deed.at) },
        // GitLab tells everything else as notes of its own.
        ...(deed.kind === 'commented' ? { body: deed.text, system: false } : { body: deed.kind, system: true }),
      }));
    }
    case 'resource_label_events':
      return listed(
        world,
        timeline.flatMap((deed) => (deed.kind === 'labeled' || deed.kind === 'unlabeled' ? [deed] : [])),
        ({ id, by, at, kind, label }) => ({
          ...{ id, user: userJson(state, by), created_at: iso(at), resource_type: 'MergeRequest' },
          ...{ action: kind === 'labeled' ? 'add' : 'remove', label: { id: 1, name: label, color: '#ededed' } },
        }),
      );
    case 'resource_state_events':
      return listed(
        world,
        timeline.filter(({ kind }) => kind === 'closed' || kind === 'reopened' || kind === 'merged'),
        ({ id, by, at, kind }) => ({ id, user: userJson(state, by), created_at: iso(at), state: kind }),
      );
    case 'diffs':
      return listed(world, await filesOf(world, change), ({ path, previous }) => ({
        ...{ old_path: previous ?? path, new_path: path, diff: '', renamed_file: previous !== undefined },
      }));
    default:
      return failure(404, '404 Not Found');
  }
}

function approvals({ state, project }: ProjectWorld, change: FakeChange): FakeAnswer {
  const { reviews } = state.about(project.path, change.number);
  const approved = latestVerdicts(reviews).filter(({ verdict }) => verdict === 'approved');
  return {
    status: 200,
    body: {
      user_has_approved: false,
      approved: approved.length > 0,
      approved_by: approved.map(({ by, at }) => ({ user: userJson(state, by), approved_at: iso(at) })),
    },
  };
}

const reviewerStates = {
  approved: 'approved',
  'changes-requested': 'requested_changes',
  commented: 'reviewed',
} as const;

function reviewers(world: ProjectWorld, change: FakeChange): FakeAnswer {
  const { state, project } = world;
  const { reviews } = state.about(project.path, change.number);
  const latest = [...new Map(reviews.map((review) => [review.by, review])).values()];
  return listed(world, latest, ({ by, verdict, dismissed }) => ({
    user: userJson(state, by),
    state: dismissed ? 'unapproved' : reviewerStates[verdict],
    created_at: iso(change.openedAt),
  }));
}

interface Version {
  readonly id: number;
  readonly sha: string;
  readonly at: number;
}

function versionsOf({ state, project }: ProjectWorld, change: FakeChange): readonly Version[] {
  const { timeline } = state.about(project.path, change.number);
  const pushes = timeline.filter((deed) => deed.kind === 'pushed');
  const opened = timeline.find(({ kind }) => kind === 'opened');
  const first = { id: opened?.id ?? 0, sha: pushes[0]?.before ?? change.head.sha, at: opened?.at ?? 0 };
  return [first, ...pushes.map(({ id, sha, at }) => ({ id, sha, at }))];
}

function filesOf({ project }: ProjectWorld, { head, base }: FakeChange) {
  return changedFiles(project.gitDir, base.branch, head.sha);
}

/** Of a paid edition, for maintainers. */
export function approvalSettings({ resetOnPush }: FakeRepository): FakeAnswer {
  if (resetOnPush === 'hidden') return failure(403, '403 Forbidden');
  return { status: 200, body: { approvals_before_merge: 0, reset_approvals_on_push: resetOnPush } };
}
