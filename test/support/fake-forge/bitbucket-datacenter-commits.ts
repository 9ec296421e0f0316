import { refs } from '../git-repo.ts';
import {
  branchJson,
  type DatacenterWorld,
  failure,
  findOwner,
  keyOf,
  listed,
  notPermitted,
  pullRequestJson,
  type RepositoryWorld,
  userJson,
} from './bitbucket-datacenter-json.ts';
import { commitsBetween, type GitCommit, readCommit } from './git-history.ts';
import type { FakeAnswer } from './server.ts';
import type { FakeChange, FakeRepository, ForgeState } from './state.ts';

/** `/commits/{id}`, its builds and its pull requests. */
export async function answerCommit(
  world: RepositoryWorld,
  sha: string,
  below: string | undefined,
): Promise<FakeAnswer> {
  const { state, web, repository } = world;
  const commit = await readCommit(repository.gitDir, sha);
  if (commit === undefined) return noCommit(repository, sha);
  if (below === undefined) return { status: 200, body: commitJson(state, commit) };
  if (below === 'builds') return findBuild(world, commit.sha);
  if (below !== 'pull-requests') return failure(404, 'null for uri');
  const holding: FakeChange[] = [];
  for (const change of state.changesOf(repository.path)) {
    const own = await commitsBetween(repository.gitDir, change.base.sha, change.head.sha);
    if (own.includes(commit.sha)) holding.push(change);
  }
  return listed(world, holding, (change) => pullRequestJson(state, web, change));
}

export function noCommit({ path }: FakeRepository, sha: string): FakeAnswer {
  return failure(404, `Commit '${sha}' does not exist in repository '${path}'.`);
}

function commitJson(state: ForgeState, { sha, author, committer, message, parents }: GitCommit): unknown {
  const signed = ({ name, email }: GitCommit['author']) => {
    const account = state.accountOf(email);
    return account === undefined ? { name, emailAddress: email } : userJson(state, account.login);
  };
  return {
    ...{ id: sha, displayId: sha.slice(0, 11), author: signed(author), authorTimestamp: author.at },
    ...{ committer: signed(committer), committerTimestamp: committer.at, message },
    parents: parents.map((id) => ({ id, displayId: id.slice(0, 11) })),
  };
}

/** What `until` reaches and `since` does not, newest first. */
export async function listCommits(world: RepositoryWorld): Promise<FakeAnswer> {
  const { call, repository } = world;
  const [until = '', since = ''] = ['until', 'since'].map((name) => call.url.searchParams.get(name) ?? '');
  for (const sha of [until, since]) {
    if ((await readCommit(repository.gitDir, sha)) === undefined) return noCommit(repository, sha);
  }
  const shas = await commitsBetween(repository.gitDir, since, until);
  return listed(world, shas.toReversed(), (id) => ({ id, displayId: id.slice(0, 11) }));
}

/** Whose names have the text somewhere, in any case. */
export async function listBranches(world: RepositoryWorld): Promise<FakeAnswer> {
  const wanted = (world.call.url.searchParams.get('filterText') ?? '').toLowerCase();
  const heads = [...(await refs(world.repository.gitDir))].flatMap(([ref, sha]) => {
    const branch = /^refs\/heads\/(.*)$/.exec(ref)?.[1];
    return branch?.toLowerCase().includes(wanted) ? [{ branch, sha }] : [];
  });
  return listed(world, heads, ({ branch, sha }) => ({ ...branchJson(branch), latestCommit: sha, isDefault: false }));
}

interface FakeBuild {
  readonly key: string;
  readonly state: string;
  readonly url: string;
}

const buildWords = {
  ...{ pending: 'INPROGRESS', running: 'INPROGRESS', success: 'SUCCESSFUL', failure: 'FAILED' },
  ...{ cancelled: 'CANCELLED', neutral: 'UNKNOWN', skipped: 'UNKNOWN' },
} as const;

/** One for each key, of one repository. */
function buildsOf(state: ForgeState, repo: string, sha: string): readonly FakeBuild[] {
  const own = state.statuses.of(repo, sha).map(({ context, state: word, url }) => ({ key: context, word, url }));
  const others = state.checks
    .of(repo, sha)
    .map(({ name, state: word, url }) => ({ key: name, word: buildWords[word], url }));
  const latest = new Map([...own, ...others].map((one) => [one.key, one]));
  return Array.from(latest.values(), ({ key, word, url = 'https://ci.example.org/' }) => ({ key, state: word, url }));
}

function buildJson({ key, state, url }: FakeBuild): unknown {
  return { key, parent: key, name: key, state, url, createdDate: 1, updatedDate: 1 };
}

/** Of all repositories that have the commit, and of none. */
export function listBuilds(world: DatacenterWorld, sha: string): FakeAnswer {
  const { state } = world;
  const builds = ['', ...state.repositories.keys()].flatMap((repo) => buildsOf(state, repo, sha));
  return listed(world, builds, buildJson);
}

function findBuild({ state, repository, call }: RepositoryWorld, sha: string): FakeAnswer {
  const key = call.url.searchParams.get('key');
  const build = buildsOf(state, repository.path, sha).find((one) => one.key === key);
  if (build === undefined) return failure(404, `No build status was found for the key '${key}'.`);
  return { status: 200, body: buildJson(build) };
}

/** `/users`, all or those who have the permission. */
export function findUsers(world: DatacenterWorld): FakeAnswer {
  const { state, call } = world;
  const asked = (name: string) => call.url.searchParams.get(name) ?? '';
  const people = [...state.accounts.values()]
    .filter(({ kind }) => kind !== 'organization')
    .filter(({ login }) => login.toLowerCase().includes(asked('filter').toLowerCase()));
  if (asked('permission.1') === '') return listed(world, people, ({ login }) => userJson(state, login));
  const owner = findOwner(state, asked('permission.1.projectKey'));
  const path = `${owner === undefined ? '' : keyOf(owner)}/${asked('permission.1.repositorySlug')}`;
  const repository = state.repositories.get(path);
  if (repository === undefined) return failure(404, `Repository ${path} does not exist.`);
  if (!repository.maySeeMembers) return notPermitted;
  const writers = people.filter(({ login }) => state.members.mayWrite(path, login));
  return listed(world, writers, ({ login }) => userJson(state, login));
}

export function groupMembers(world: DatacenterWorld): FakeAnswer {
  const name = world.call.url.searchParams.get('context') ?? '';
  const logins = world.state.members.team(name);
  if (logins === undefined) return failure(404, `Group ${name} does not exist.`);
  return listed(world, logins, (login) => userJson(world.state, login));
}
