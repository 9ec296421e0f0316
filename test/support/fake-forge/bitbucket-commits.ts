import { type BitbucketWorld, failure, iso, listed, type RepositoryWorld, userJson } from './bitbucket-json.ts';
import { commitsBetween, type GitCommit, readCommit, readRef } from './git-history.ts';
import type { FakeAnswer } from './server.ts';
import type { FakeChange, ForgeState } from './state.ts';

/** `/commit/{sha}`, its statuses and its pull requests. */
export async function answerCommit(world: RepositoryWorld, [sha = '', below]: readonly string[]): Promise<FakeAnswer> {
  const { state, repository } = world;
  const commit = await findCommit(world, sha);
  if (commit === undefined) return failure(404, 'Commit not found');
  if (below === undefined) return { status: 200, body: commitJson(state, commit) };
  if (below === 'statuses') return listStatuses(world, commit.sha);
  if (below !== 'pullrequests') return failure(404, 'Resource not found');
  const holding: FakeChange[] = [];
  for (const change of state.changesOf(repository.path)) {
    const own = await ownCommits(state, change);
    if (own.includes(commit.sha)) holding.push(change);
  }
  return listed(world, holding, ({ number, title }) => ({ type: 'pullrequest', id: number, title, links: {} }));
}

/** In the repository itself, or in a fork from which a pull request brings it: git does not see those, the API does. */
async function findCommit({ state, repository }: RepositoryWorld, sha: string): Promise<GitCommit | undefined> {
  const forks = state.changesOf(repository.path).map(({ head }) => state.repositories.get(head.repo ?? '')?.gitDir);
  for (const gitDir of new Set([repository.gitDir, ...forks])) {
    const commit = gitDir === undefined ? undefined : await readCommit(gitDir, sha);
    if (commit !== undefined) return commit;
  }
  return undefined;
}

/** Of a change, newest first; none once its fork is gone. */
export async function ownCommits(state: ForgeState, { head, base }: FakeChange): Promise<readonly string[]> {
  const gitDir = state.repositories.get(head.repo ?? '')?.gitDir;
  return gitDir === undefined ? [] : (await commitsBetween(gitDir, base.sha, head.sha)).toReversed();
}

export function commitJson(state: ForgeState, { sha, author, committer, message, parents }: GitCommit): unknown {
  const signed = ({ name, email }: GitCommit['author']) => {
    const account = state.accountOf(email);
    return {
      type: 'author',
      raw: `${name} <${email}>`,
      ...(account === undefined ? {} : { user: userJson(state, account.login) }),
    };
  };
  return {
    type: 'commit',
    hash: sha,
    date: iso(author.at),
    author: signed(author),
    committer: signed(committer),
    message,
    parents: parents.map((hash) => ({ type: 'commit', hash })),
  };
}

const buildWords = {
  ...{ pending: 'INPROGRESS', running: 'INPROGRESS', success: 'SUCCESSFUL', failure: 'FAILED' },
  ...{ cancelled: 'STOPPED', neutral: 'SUCCESSFUL', skipped: 'STOPPED' },
} as const;

/** One for each key: the same key again replaces what it said. */
function listStatuses(world: RepositoryWorld, sha: string): FakeAnswer {
  const { state, repository } = world;
  const own = state.statuses
    .of(repository.path, sha)
    .map(({ context, state: word, url }) => ({ name: context, word, url, at: 0 }));
  const others = state.checks.of(repository.path, sha).map(({ name, state: word, url, at }) => {
    return { name, word: buildWords[word], url, at };
  });
  const latest = [...new Map([...own, ...others].map((one) => [one.name, one])).values()];
  return listed(world, latest, ({ name, word, url, at }) => ({
    ...{ type: 'build', key: name, name, state: word, url: url ?? 'https://ci.example.org/', description: '' },
    ...{ refname: null, created_on: iso(at), updated_on: iso(at) },
  }));
}

/** What `include` reaches and `exclude` does not, newest first. */
export async function listCommits(world: RepositoryWorld): Promise<FakeAnswer> {
  const { call, repository } = world;
  const [include = '', exclude = ''] = ['include', 'exclude'].map((name) => call.url.searchParams.get(name) ?? '');
  for (const sha of [include, exclude]) {
    if ((await readCommit(repository.gitDir, sha)) === undefined) return failure(404, 'Commit not found');
  }
  const shas = await commitsBetween(repository.gitDir, exclude, include);
  return listed(world, shas.toReversed(), (hash) => ({ type: 'commit', hash }));
}

/** `/refs/branches/{name}` */
export async function findBranch({ state, repository }: RepositoryWorld, name: string): Promise<FakeAnswer> {
  const tip = await readRef(repository.gitDir, `refs/heads/${name}`);
  if (tip === undefined) return failure(404, `No such branch: ${name}`);
  return { status: 200, body: { type: 'branch', name, target: commitJson(state, tip), merge_strategies: [] } };
}

/** `/workspaces/{workspace}/permissions/repositories/{slug}`: of who has any, for administrators. */
export function permissions(world: BitbucketWorld, workspace: string, rest: readonly string[]): FakeAnswer {
  const { state, call } = world;
  const path = `${workspace}/${rest[2] ?? ''}`;
  const repository = state.repositories.get(path);
  if (rest[0] !== 'permissions' || rest[1] !== 'repositories' || repository === undefined) {
    return failure(404, `Repository ${path} not found`);
  }
  if (!repository.maySeeMembers) return failure(403, 'Your credentials lack one or more required privilege scopes.');
  const [, uuid] = /^user\.uuid = "(\{.*\})"$/.exec(call.url.searchParams.get('q') ?? '') ?? [];
  const people = [...state.accounts.values()].filter(
    ({ kind, login }) => kind !== 'organization' && (uuid === undefined || uuid === `{${login}}`),
  );
  const allowed = people
    .map(({ login }) => ({ login, permission: state.members.permission(path, login) }))
    .filter(({ permission }) => permission !== 'none');
  return listed(world, allowed, ({ login, permission }) => ({
    ...{ type: 'repository_permission', permission, user: userJson(state, login) },
    repository: { type: 'repository', full_name: path },
  }));
}
