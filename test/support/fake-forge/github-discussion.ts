import type { FakeDeed, FakeReview } from './conversation.ts';
import { type ChangedFile, changedFiles } from './git-history.ts';
import { accountJson, association, labelJson, ownerOf } from './github-json.ts';
import { failure, type GithubWorld, iso, listed, notFound, type RepositoryCall } from './github-world.ts';
import type { FakeAnswer, FakeCall } from './server.ts';
import type { FakeChange } from './state.ts';

/** `/pulls/{number}/reviews` and `/files`. */
export async function answerAboutPull(about: RepositoryCall, change: FakeChange, list: string): Promise<FakeAnswer> {
  const { world, repository } = about;
  if (list === 'reviews') {
    const { reviews } = world.state.about(repository.path, change.number);
    return listed(about, reviews, (review) => reviewJson(about, change, review));
  }
  if (list !== 'files') return notFound;
  const files = await changedFiles(repository.gitDir, change.base.sha, change.head.sha);
  return listed(about, files, (file) => fileJson(about, change.head.sha, file));
}

const reviewWords = { approved: 'APPROVED', 'changes-requested': 'CHANGES_REQUESTED', commented: 'COMMENTED' } as const;

/** GitHub writes `DISMISSED` in place of what the review said. */
export function reviewWord({ verdict, dismissed }: FakeReview): string {
  return dismissed ? 'DISMISSED' : reviewWords[verdict];
}

function reviewJson({ world, repository }: RepositoryCall, { number }: FakeChange, review: FakeReview): unknown {
  const page = `${world.web}/${repository.path}/pull/${number}#pullrequestreview-${review.id}`;
  const pull = `${world.api}/repos/${repository.path}/pulls/${number}`;
  return {
    id: review.id,
    node_id: `PRR_${review.id}`,
    user: accountJson(world, ownerOf(world.state, review.by)),
    body: '',
    state: reviewWord(review),
    html_url: page,
    pull_request_url: pull,
    _links: { html: { href: page }, pull_request: { href: pull } },
    submitted_at: iso(review.at),
    commit_id: review.commit,
    author_association: association(world.state, repository.path, review.by),
  };
}

export function fileJson({ world, repository }: RepositoryCall, sha: string, file: ChangedFile): unknown {
  const at = `${repository.path}/blob/${sha}/${encodeURIComponent(file.path)}`;
  return {
    sha,
    filename: file.path,
    status: file.status,
    additions: 1,
    deletions: 0,
    changes: 1,
    blob_url: `${world.web}/${at}`,
    raw_url: `${world.web}/${at}?raw`,
    contents_url: `${world.api}/repos/${at}`,
    ...(file.previous === undefined ? {} : { previous_filename: file.previous }),
  };
}

/** `/issues`, and events and comments of one. */
export function answerIssues(about: RepositoryCall): FakeAnswer {
  const { world, call, repository, route } = about;
  const [, number, list] = route;
  const changes = world.state.changesOf(repository.path);
  if (number === undefined) {
    const wanted = call.url.searchParams.get('labels')?.toLowerCase();
    const labelled = changes.filter((change) =>
      world.state.about(repository.path, change.number).labels.some(({ name }) => name.toLowerCase() === wanted),
    );
    return listed(about, labelled.toReversed(), (change) => issueJson(about, change));
  }
  if (!changes.some((change) => change.number === Number(number))) return notFound;
  const { timeline } = world.state.about(repository.path, Number(number));
  if (list === 'events') {
    const kinds = ['labeled', 'unlabeled', 'reopened', 'closed', 'merged'];
    const events = timeline.filter(({ kind }) => kinds.includes(kind));
    return listed(about, events, (deed) => eventJson(about, deed));
  }
  if (list !== 'comments') return notFound;
  const comments = timeline.filter((deed) => deed.kind === 'commented');
  return listed(about, comments, (deed) => commentJson(about, Number(number), deed));
}

function issueJson({ world, repository }: RepositoryCall, change: FakeChange): unknown {
  const issue = `${world.api}/repos/${repository.path}/issues/${change.number}`;
  const page = `${world.web}/${repository.path}/pull/${change.number}`;
  const pull = `${world.api}/repos/${repository.path}/pulls/${change.number}`;
  const closed = change.state === 'open' ? null : iso(change.openedAt);
  return {
    id: change.id,
    node_id: `PR_${change.id}`,
    url: issue,
    repository_url: `${world.api}/repos/${repository.path}`,
    labels_url: `${issue}/labels{/name}`,
    comments_url: `${issue}/comments`,
    events_url: `${issue}/events`,
    html_url: page,
    number: change.number,
    state: change.state === 'open' ? 'open' : 'closed',
    title: change.title,
    user: accountJson(world, ownerOf(world.state, change.author)),
    labels: world.state.about(repository.path, change.number).labels.map(({ name }) => labelJson(world, name)),
    assignee: null,
    milestone: null,
    locked: false,
    comments: 0,
    pull_request: { url: pull, html_url: page, diff_url: `${page}.diff`, patch_url: `${page}.patch` },
    closed_at: closed,
    created_at: iso(change.openedAt),
    updated_at: iso(change.openedAt),
  };
}

function eventJson({ world, repository }: RepositoryCall, deed: FakeDeed): unknown {
  const hasLabel = deed.kind === 'labeled' || deed.kind === 'unlabeled';
  return {
    id: deed.id,
    node_id: `E_${deed.id}`,
    url: `${world.api}/repos/${repository.path}/issues/events/${deed.id}`,
    actor: accountJson(world, ownerOf(world.state, deed.by)),
    event: deed.kind,
    commit_id: null,
    commit_url: null,
    created_at: iso(deed.at),
    performed_via_github_app: null,
    ...(hasLabel ? { label: { name: deed.label, color: 'ededed' } } : { lock_reason: null }),
  };
}

function commentJson(
  { world, repository }: RepositoryCall,
  number: number,
  { id, by, at, text }: FakeDeed & { readonly kind: 'commented' },
): unknown {
  return {
    id,
    node_id: `IC_${id}`,
    url: `${world.api}/repos/${repository.path}/issues/comments/${id}`,
    html_url: `${world.web}/${repository.path}/pull/${number}#issuecomment-${id}`,
    issue_url: `${world.api}/repos/${repository.path}/issues/${number}`,
    user: accountJson(world, ownerOf(world.state, by)),
    body: text,
    created_at: iso(at),
    updated_at: iso(at),
    author_association: 'NONE',
  };
}

interface Push {
  readonly id: number;
  readonly by: string;
  readonly at: number;
  readonly before: string;
  readonly sha: string;
  readonly type: string;
}

/** `/activity`: pushes to the branches of this repository, the newest first. */
export function answerActivity(about: RepositoryCall): FakeAnswer {
  const { world, call, repository } = about;
  const asked = call.url.searchParams.get('ref');
  const pushes = [...world.state.repositories.keys()].flatMap((base) =>
    world.state.changesOf(base).flatMap((change) => {
      if (change.head.repo !== repository.path || `refs/heads/${change.head.branch}` !== asked) return [];
      const { timeline } = world.state.about(base, change.number);
      return timeline.flatMap((deed): readonly Push[] => {
        if (deed.kind === 'pushed') return [{ ...deed, type: deed.forced ? 'force_push' : 'push' }];
        if (deed.kind !== 'opened') return [];
        const first = timeline.find((one) => one.kind === 'pushed');
        const sha = first === undefined ? change.head.sha : first.before;
        return [{ ...deed, before: '0'.repeat(40), sha, type: 'branch_creation' }];
      });
    }),
  );
  return listed(
    about,
    pushes.toSorted((a, b) => b.at - a.at),
    ({ id, before, sha, at, by, type }) => ({
      id,
      node_id: `PU_${id}`,
      before,
      after: sha,
      ref: asked,
      timestamp: iso(at),
      activity_type: type,
      actor: accountJson(world, ownerOf(world.state, by)),
    }),
  );
}

/** `/collaborators/{login}/permission`. */
export function answerPermission({ world, repository, route }: RepositoryCall): FakeAnswer {
  const [, login = ''] = route;
  if (!repository.maySeeMembers) return failure(403, 'Must have push access to view collaborator permission.');
  const account = world.state.accounts.get(login.toLowerCase());
  if (account === undefined) return failure(404, `${login} is not a user`);
  const permission = world.state.members.permission(repository.path, login);
  const user = { ...accountJson(world, account), role_name: permission };
  return { status: 200, body: { permission, role_name: permission, user } };
}

/** `/orgs/{org}/teams/{slug}/members`. */
export function answerTeam(world: GithubWorld, call: FakeCall, org: string, slug: string): FakeAnswer {
  const members = world.state.members.team(`${org}/${slug}`);
  if (members === undefined) return notFound;
  return listed({ world, call }, members, (login) => accountJson(world, ownerOf(world.state, login)));
}
