import type { FakeDeed, FakeReview } from './conversation.ts';
import { changedFiles, commitsBetween, type GitCommit, readCommit, readRef } from './git-history.ts';
import { ownerJson, userJson } from './gitea-account.ts';
import { cutPage } from './paging.ts';
import type { FakeAnswer, FakeCall } from './server.ts';
import type { FakeChange, FakeRepository, ForgeState } from './state.ts';

interface GiteaCall {
  readonly state: ForgeState;
  readonly origin: string;
  readonly pageSize: number;
  readonly call: FakeCall;
}

interface RepositoryCall extends GiteaCall {
  readonly repository: FakeRepository;
}

export function iso(at: number): string {
  return new Date(at).toISOString().replace('.000', '');
}

export function labelJson(name: string): unknown {
  return { id: 1, name, color: 'ededed', description: '', url: '' };
}

function listed<T>({ pageSize, call }: GiteaCall, all: readonly T[], json: (item: T) => unknown): FakeAnswer {
  const cut = cutPage(call, all, { maxPerPage: pageSize, sizeParameter: 'limit' });
  const link = cut.next === undefined ? {} : { link: `<${cut.next}>; rel="next"` };
  return { status: 200, headers: { 'x-total-count': String(all.length), ...link }, body: cut.items.map(json) };
}

/** `/statuses/{sha}`, `/git/commits/{sha}`, `/commits`, `/collaborators/…`, `/issues/…`; undefined: there is no such thing. */
export async function answerReviewing(
  about: RepositoryCall,
  [list, item = '', more = '']: readonly [string, string | undefined, string],
): Promise<FakeAnswer | undefined> {
  switch (list) {
    case 'statuses':
      return statuses(about, item);
    case 'git': {
      const commit = await readCommit(about.repository.gitDir, more);
      return commit && { status: 200, body: commitJson(about, commit) };
    }
    case 'commits':
      return listCommits(about);
    case 'collaborators':
      return permission(about, item);
    case 'issues':
      return issues(about, item, more);
    default:
      return undefined;
  }
}

const statusWords = {
  ...{ pending: 'pending', running: 'pending', success: 'success', failure: 'failure' },
  ...{ cancelled: 'error', neutral: 'warning', skipped: 'skipped' },
} as const;

async function statuses(about: RepositoryCall, sha: string): Promise<FakeAnswer | undefined> {
  const { state, origin, repository } = about;
  if ((await readCommit(repository.gitDir, sha)) === undefined) return undefined;
  const own = state.statuses
    .of(repository.path, sha)
    .map(({ context, state: word, url }, id) => ({ id, context, word, url, by: state.me.login, at: 0 }));
  const others = state.checks.of(repository.path, sha).map(({ id, name, state: word, url, by, at }) => ({
    ...{ id, context: name, url, at },
    ...{ word: statusWords[word], by: by ?? state.me.login },
  }));
  return listed(about, [...own, ...others].toReversed(), ({ id, context, word, url, by, at }) => ({
    id,
    status: word,
    context,
    description: '',
    target_url: url ?? '',
    url: `${origin}/api/v1/repos/${repository.path}/statuses/${sha}`,
    creator: ownerJson(state, by),
    created_at: iso(at),
    updated_at: iso(at),
  }));
}

function commitJson({ state, origin, repository }: RepositoryCall, commit: GitCommit): unknown {
  const { sha, author, committer, message, parents } = commit;
  const account = (email: string) => {
    const found = state.accountOf(email);
    return found === undefined ? null : userJson(found);
  };
  const url = `${origin}/api/v1/repos/${repository.path}/git/commits/${sha}`;
  const signed = (person: GitCommit['author']) => ({ name: person.name, email: person.email, date: iso(person.at) });
  return {
    url,
    sha,
    created: iso(committer.at),
    commit: { url, author: signed(author), committer: signed(committer), message },
    author: account(author.email),
    committer: account(committer.email),
    parents: parents.map((parent) => ({ sha: parent })),
  };
}

/** `/commits?sha=&not=`: what the first reaches and the second does not, newest first. */
async function listCommits(about: RepositoryCall): Promise<FakeAnswer> {
  const { gitDir } = about.repository;
  const [sha = '', not = ''] = ['sha', 'not'].map((name) => about.call.url.searchParams.get(name) ?? '');
  const both = [await readCommit(gitDir, sha), await readCommit(gitDir, not)];
  // It lets git look for them, and hides what git says.
  if (both.includes(undefined)) return { status: 500, body: { message: '', url: `${about.origin}/api/swagger` } };
  const shas = (await commitsBetween(gitDir, not, sha)).toReversed();
  const commits = await Promise.all(shas.map((one) => readCommit(gitDir, one)));
  const found = commits.filter((commit) => commit !== undefined);
  return listed(about, found, (commit) => commitJson(about, commit));
}

/** `/branches/{branch}` */
export async function findBranch(about: RepositoryCall, name: string): Promise<FakeAnswer | undefined> {
  const tip = await readRef(about.repository.gitDir, `refs/heads/${name}`);
  if (tip === undefined) return undefined;
  const { sha: id, message, committer } = tip;
  const commit = { id, message, url: `${about.origin}/commit/${id}`, timestamp: iso(committer.at) };
  return { status: 200, body: { name, commit, protected: false, user_can_push: true, user_can_merge: true } };
}

function permission({ state, origin, repository }: RepositoryCall, login: string): FakeAnswer {
  const url = `${origin}/api/swagger`;
  if (!repository.maySeeMembers)
    return { status: 403, body: { message: 'Only admins can query all permissions', url } };
  const account = state.accounts.get(login.toLowerCase());
  if (account === undefined) {
    return { status: 404, body: { message: `user does not exist [uid: 0, name: ${login}]`, url } };
  }
  const granted = state.members.permission(repository.path, login);
  const owner = repository.path.split('/')[0]?.toLowerCase() === login.toLowerCase();
  const body = { permission: owner ? 'owner' : granted, role_name: granted, user: userJson(account) };
  return { status: 200, body };
}

async function issues(about: RepositoryCall, number: string, list: string): Promise<FakeAnswer | undefined> {
  const { state, call, repository } = about;
  const changes = state.changesOf(repository.path);
  if (number === '') {
    const wanted = call.url.searchParams.get('labels') ?? '';
    const labelsOf = (change: FakeChange) => state.about(repository.path, change.number).labels.map(({ name }) => name);
    const known = changes.some((change) => labelsOf(change).includes(wanted));
    // A label that does not exist filters nothing.
    const found = known ? changes.filter((change) => labelsOf(change).includes(wanted)) : changes;
    return listed(about, found.toReversed(), (change) => ({
      ...{ id: change.id, number: change.number, title: change.title },
      ...{ state: change.state === 'open' ? 'open' : 'closed', labels: labelsOf(change).map(labelJson) },
      pull_request: { merged: change.state === 'merged', merged_at: null },
    }));
  }
  const change = changes.find((one) => one.number === Number(number));
  if (change === undefined) return undefined;
  if (list === 'timeline') return timeline(about, change);
  if (list !== 'comments') return undefined;
  const deeds = state.about(repository.path, change.number).timeline.filter((deed) => deed.kind === 'commented');
  const body = deeds.map(({ id, by, at, text }) => ({
    ...{ id, body: text, user: ownerJson(state, by) },
    ...{ created_at: iso(at), updated_at: iso(at) },
  }));
  return { status: 200, headers: { 'x-total-count': String(body.length) }, body };
}

/** Cut into pages first, and then what is not shown (remarks on lines of code) is left out; the count is of this page. */
async function timeline(about: RepositoryCall, change: FakeChange): Promise<FakeAnswer> {
  const { state, call, pageSize } = about;
  const all = state.about(change.base.repo, change.number).timeline;
  const cut = cutPage(call, all, { maxPerPage: pageSize, sizeParameter: 'limit' });
  const shown = cut.items.filter((deed) => deed.kind !== 'commented' || !deed.text.startsWith('(on a line)'));
  const body = await Promise.all(shown.map((deed) => timelineJson(about, change, deed)));
  const count = { 'x-total-count': String(body.length) };
  return { status: 200, headers: count, body: body.length === 0 ? null : body };
}

const timelineWords: Readonly<Record<FakeDeed['kind'], string>> = {
  ...{ labeled: 'label', unlabeled: 'label', commented: 'comment', pushed: 'pull_push' },
  ...{ opened: 'pull_push', closed: 'close', reopened: 'reopen', merged: 'merge_pull' },
};

async function timelineJson(about: RepositoryCall, change: FakeChange, deed: FakeDeed): Promise<unknown> {
  const isLabel = deed.kind === 'labeled' || deed.kind === 'unlabeled';
  return {
    id: deed.id,
    type: timelineWords[deed.kind],
    user: ownerJson(about.state, deed.by),
    body: await bodyOf(about, change, deed),
    created_at: iso(deed.at),
    updated_at: iso(deed.at),
    label: isLabel ? labelJson(deed.label) : null,
  };
}

async function bodyOf({ state, repository }: RepositoryCall, change: FakeChange, deed: FakeDeed): Promise<string> {
  if (deed.kind === 'labeled') return '1';
  if (deed.kind === 'commented') return deed.text;
  if (deed.kind === 'pushed') {
    const ids = deed.forced ? [deed.before, deed.sha] : await commitsBetween(repository.gitDir, deed.before, deed.sha);
    return JSON.stringify({ is_force_push: deed.forced, commit_ids: ids });
  }
  if (deed.kind !== 'opened') return '';
  const first = state.about(change.base.repo, change.number).timeline.find((one) => one.kind === 'pushed');
  const sha = first === undefined ? change.head.sha : first.before;
  const ids = await commitsBetween(repository.gitDir, change.base.sha, sha);
  return JSON.stringify({ is_force_push: false, commit_ids: ids });
}

const reviewWords = { approved: 'APPROVED', 'changes-requested': 'REQUEST_CHANGES', commented: 'COMMENT' } as const;

/** `/pulls/{index}/reviews` and `/files`. */
export async function answerAboutPull(
  about: RepositoryCall,
  change: FakeChange,
  list: string,
): Promise<FakeAnswer | undefined> {
  const { state, repository } = about;
  if (list === 'files') {
    const files = await changedFiles(repository.gitDir, change.base.sha, change.head.sha);
    return listed(about, files, ({ status, path, previous }) => ({
      ...{ filename: path, status, additions: 1, deletions: 0, changes: 1 },
      ...(previous === undefined ? {} : { previous_filename: previous }),
    }));
  }
  if (list !== 'reviews') return undefined;
  const { reviews } = state.about(repository.path, change.number);
  return listed(about, reviews, (review: FakeReview) => ({
    id: review.id,
    user: ownerJson(state, review.by),
    state: reviewWords[review.verdict],
    body: '',
    commit_id: review.commit,
    dismissed: review.dismissed,
    stale: review.commit !== change.head.sha,
    official: isOfficial(state, repository, reviews, review),
    submitted_at: iso(review.at),
    updated_at: iso(review.at),
  }));
}

/** Where no protection names approvers: the last verdict of each who may push. */
function isOfficial(
  { members }: ForgeState,
  { path }: FakeRepository,
  reviews: readonly FakeReview[],
  review: FakeReview,
): boolean {
  const last = reviews.findLast(({ by, verdict }) => by === review.by && verdict !== 'commented');
  return last?.id === review.id && members.mayWrite(path, review.by);
}

/** `/orgs/{org}/teams`; a team's number is its place in the list of all. */
export function listTeams(about: GiteaCall, org: string): FakeAnswer {
  const all = about.state.members.teams();
  const own = all.map((path, at) => ({ path, id: at + 1 })).filter(({ path }) => path.startsWith(`${org}/`));
  return listed(about, own, ({ path, id }) => ({ id, name: path.slice(org.length + 1), permission: 'write' }));
}

/** `/teams/{id}/members`. */
export function listMembers(about: GiteaCall, id: number): FakeAnswer {
  const logins = about.state.members.team(about.state.members.teams()[id - 1] ?? '') ?? [];
  return listed(about, logins, (login) => ownerJson(about.state, login));
}
