import type { FakeCheck } from './check-board.ts';
import { changedFiles, type GitCommit, mergeBase, reaches, readCommit } from './git-history.ts';
import { fileJson } from './github-discussion.ts';
import { accountJson, ownerOf, pullJson } from './github-json.ts';
import { failure, iso, listed, notFound, type RepositoryCall } from './github-world.ts';
import type { FakeAnswer } from './server.ts';
import type { FakeChange } from './state.ts';

/** `/commits/…` and `/compare/…` of a repository. */
export async function answerCommits(about: RepositoryCall): Promise<FakeAnswer> {
  const { repository, route } = about;
  const [kind, revision = '', list] = route;
  if (kind === 'compare') return compare(about, revision.split('...'));
  const commit = await readCommit(repository.gitDir, revision);
  if (commit === undefined) return failure(422, `No commit found for SHA: ${revision}`);
  switch (list) {
    case undefined:
      return { status: 200, body: commitJson(about, commit) };
    case 'pulls':
      return pullsWith(about, commit.sha);
    case 'check-runs':
      return checkRuns(about, commit.sha);
    case 'statuses':
      return statuses(about, commit.sha);
    default:
      return notFound;
  }
}

async function pullsWith(about: RepositoryCall, sha: string): Promise<FakeAnswer> {
  const { world, repository } = about;
  const found: FakeChange[] = [];
  for (const change of world.state.changesOf(repository.path)) {
    const reached = await reaches(repository.gitDir, sha, change.head.sha);
    if (reached === true && (await reaches(repository.gitDir, sha, change.base.sha)) === false) found.push(change);
  }
  return listed(about, found, (change) => pullJson(world, world.state, change));
}

/** The latest of each name and app, which is what `filter=latest` gives within a check suite; each app has one suite. */
export function latestRuns(all: readonly FakeCheck[]): readonly FakeCheck[] {
  const runs = all.filter(({ app }) => app !== undefined);
  return [...new Map(runs.map((run) => [`${run.app}/${run.name}`, run])).values()];
}

function checkRuns(about: RepositoryCall, sha: string): FakeAnswer {
  const { world, repository } = about;
  const runs = latestRuns(world.state.checks.of(repository.path, sha));
  const json = (run: FakeCheck) => checkRunJson(about, sha, run);
  return listed(about, runs, json, (check_runs) => ({ total_count: runs.length, check_runs }));
}

/** GitHub's words for a check: status and conclusion. */
export function runWords({ state }: FakeCheck): { readonly status: string; readonly conclusion: string | null } {
  if (state === 'pending') return { status: 'queued', conclusion: null };
  if (state === 'running') return { status: 'in_progress', conclusion: null };
  return { status: 'completed', conclusion: state };
}

function checkRunJson({ world, repository }: RepositoryCall, sha: string, run: FakeCheck): unknown {
  const url = `${world.api}/repos/${repository.path}/check-runs/${run.id}`;
  const { status, conclusion } = runWords(run);
  return {
    id: run.id,
    node_id: `CR_${run.id}`,
    name: run.name,
    head_sha: sha,
    external_id: '',
    url,
    html_url: run.url ?? null,
    details_url: run.url ?? null,
    status,
    conclusion,
    started_at: iso(run.at),
    completed_at: conclusion === null ? null : iso(run.at),
    output: { title: null, summary: null, text: null, annotations_count: 0, annotations_url: `${url}/annotations` },
    check_suite: { id: suiteOf(run.app ?? '') },
    app: appJson(run.app ?? ''),
    pull_requests: [],
  };
}

/** A number for each app. */
export function suiteOf(slug: string): number {
  return [...slug].reduce((sum, letter) => sum * 31 + letter.charCodeAt(0), 7) % 1_000_003;
}

function appJson(slug: string): unknown {
  const owner = { login: 'maker', id: 1, node_id: 'O_1', url: 'https://example.org', type: 'Organization' };
  return {
    id: suiteOf(slug),
    node_id: `A_${slug}`,
    slug,
    name: slug,
    owner: { ...accountJson({ web: 'https://example.org', api: 'https://example.org' }, makerAccount), ...owner },
    description: null,
    external_url: 'https://example.org',
    html_url: `https://example.org/apps/${slug}`,
    created_at: iso(0),
    updated_at: iso(0),
    permissions: {},
    events: [],
  };
}

const makerAccount = { id: 1, login: 'maker', email: '', kind: 'organization', mayCreate: false } as const;

export interface ShownStatus {
  readonly id: number;
  readonly context: string;
  readonly state: string;
  readonly url: string | undefined;
  readonly by: string | undefined;
  readonly at: number;
}

const statusWords: Readonly<Record<FakeCheck['state'], string>> = {
  ...{ pending: 'pending', running: 'pending', success: 'success', failure: 'failure' },
  ...{ cancelled: 'error', neutral: 'error', skipped: 'error' },
};

/** All that were ever set, the newest first. */
export function shownStatuses({ world, repository }: Pick<RepositoryCall, 'world' | 'repository'>, sha: string) {
  const { state } = world;
  const others = state.checks.of(repository.path, sha).filter(({ app }) => app === undefined);
  const own = state.statuses.of(repository.path, sha);
  return [
    ...own.map(({ context, state, url }, id): ShownStatus => ({ id, context, state, url, by: undefined, at: 0 })),
    ...others.map(
      ({ id, name, state, url, by, at }): ShownStatus => ({
        id,
        context: name,
        state: statusWords[state],
        url,
        by,
        at,
      }),
    ),
  ].toReversed();
}

function statuses(about: RepositoryCall, sha: string): FakeAnswer {
  const { world, repository } = about;
  return listed(about, shownStatuses(about, sha), ({ id, context, state, url, by, at }) => ({
    url: `${world.api}/repos/${repository.path}/statuses/${sha}`,
    avatar_url: null,
    id,
    node_id: `SC_${id}`,
    state,
    description: null,
    target_url: url ?? null,
    context,
    created_at: iso(at),
    updated_at: iso(at),
    creator: accountJson(world, by === undefined ? world.state.me : ownerOf(world.state, by)),
  }));
}

function commitJson({ world, repository }: Pick<RepositoryCall, 'world' | 'repository'>, commit: GitCommit): unknown {
  const { sha, author, committer, message, tree, parents } = commit;
  const url = `${world.api}/repos/${repository.path}/commits/${sha}`;
  const page = `${world.web}/${repository.path}/commit`;
  const git = `${world.api}/repos/${repository.path}/git`;
  const account = (email: string) => {
    const found = world.state.accountOf(email);
    return found === undefined ? null : accountJson(world, found);
  };
  return {
    url,
    sha,
    node_id: `C_${sha}`,
    html_url: `${page}/${sha}`,
    comments_url: `${url}/comments`,
    commit: {
      url: `${git}/commits/${sha}`,
      author: { name: author.name, email: author.email, date: iso(author.at) },
      committer: { name: committer.name, email: committer.email, date: iso(committer.at) },
      message,
      comment_count: 0,
      tree: { sha: tree, url: `${git}/trees/${tree}` },
    },
    author: account(author.email),
    committer: account(committer.email),
    parents: parents.map((parent) => ({ sha: parent, url: `${git}/commits/${parent}`, html_url: `${page}/${parent}` })),
  };
}

async function compare(about: RepositoryCall, [base = '', head = '']: readonly string[]): Promise<FakeAnswer> {
  const { world, repository } = about;
  const { gitDir, path } = repository;
  const [from, to] = [await readCommit(gitDir, base), await readCommit(gitDir, head)];
  if (from === undefined || to === undefined) return notFound;
  const shared = await mergeBase(gitDir, base, head);
  const common = shared === undefined ? undefined : await readCommit(gitDir, shared);
  if (common === undefined) return failure(404, `No common ancestor between ${base} and ${head}.`);
  const [behind, ahead] = [common.sha !== from.sha, common.sha !== to.sha];
  const firstPage = (about.call.url.searchParams.get('page') ?? '1') === '1';
  const files = await changedFiles(gitDir, base, head);
  const page = `${world.web}/${path}/compare/${base}...${head}`;
  return {
    status: 200,
    body: {
      url: `${world.api}/repos/${path}/compare/${base}...${head}`,
      html_url: page,
      permalink_url: page,
      diff_url: `${page}.diff`,
      patch_url: `${page}.patch`,
      base_commit: commitJson(about, from),
      merge_base_commit: commitJson(about, common),
      status: ahead && behind ? 'diverged' : ahead ? 'ahead' : behind ? 'behind' : 'identical',
      ahead_by: ahead ? 1 : 0,
      behind_by: behind ? 1 : 0,
      total_commits: ahead ? 1 : 0,
      commits: ahead ? [commitJson(about, to)] : [],
      // Of the whole comparison, on the first page only.
      files: firstPage ? files.slice(0, 300).map((file) => fileJson(about, to.sha, file)) : [],
    },
  };
}
