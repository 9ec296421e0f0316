import { reaches, readCommit } from './git-history.ts';
import { latestRuns, runWords, type ShownStatus, shownStatuses, suiteOf } from './github-commits.ts';
import { reviewWord } from './github-discussion.ts';
import { ownerOf } from './github-json.ts';
import { type GithubWorld, iso } from './github-world.ts';
import type { FakeAnswer, FakeCall } from './server.ts';
import type { FakeChange, FakeRepository } from './state.ts';

// Answers the one query that sluice sends, by its variables; every field comes whether it was asked for or not.

interface Variables {
  readonly owner: string;
  readonly name: string;
  readonly branch?: string;
  readonly label?: string;
  readonly sha?: string;
  readonly cursor?: string;
}

export async function answerGraphql(world: GithubWorld, call: FakeCall): Promise<FakeAnswer> {
  const { variables } = call.body as { readonly variables: Variables };
  const repository = world.state.repositories.get(`${variables.owner}/${variables.name}`);
  if (repository === undefined) {
    const message = `Could not resolve to a Repository with the name '${variables.owner}/${variables.name}'.`;
    return { status: 200, body: { data: { repository: null }, errors: [{ type: 'NOT_FOUND', message }] } };
  }
  const found = (await matching(world, repository, variables)).toReversed();
  const from = Number(variables.cursor ?? 0);
  const items = found.slice(from, from + world.pageSize);
  const hasNextPage = from + items.length < found.length;
  const endCursor = items.length === 0 ? null : String(from + items.length);
  const nodes = await Promise.all(items.map((change) => pull(world, repository, change)));
  const page = { pageInfo: { hasNextPage, endCursor }, nodes };
  const at =
    variables.sha === undefined ? { pullRequests: page } : { object: await object(repository, variables.sha, page) };
  return { status: 200, body: { data: { repository: { nameWithOwner: repository.path, ...at } } } };
}

async function object({ gitDir }: FakeRepository, sha: string, page: unknown): Promise<unknown> {
  return (await readCommit(gitDir, sha)) === undefined ? null : { associatedPullRequests: page };
}

async function matching(
  { state }: GithubWorld,
  { path, gitDir }: FakeRepository,
  { branch, label, sha }: Variables,
): Promise<readonly FakeChange[]> {
  const found: FakeChange[] = [];
  for (const change of state.changesOf(path)) {
    const labels = state.about(path, change.number).labels.map(({ name }) => name);
    const wanted =
      (branch === undefined || change.head.branch === branch) &&
      (label === undefined || labels.includes(label)) &&
      (sha === undefined ||
        ((await reaches(gitDir, sha, change.head.sha)) && !(await reaches(gitDir, sha, change.base.sha))));
    if (wanted) found.push(change);
  }
  return found;
}

async function pull(world: GithubWorld, repository: FakeRepository, change: FakeChange): Promise<unknown> {
  const { state, web } = world;
  const { head, base } = change;
  const { reviews } = state.about(base.repo, change.number);
  const commit = await readCommit(repository.gitDir, head.sha);
  const gitActor = ({ name, email }: { readonly name: string; readonly email: string }) => {
    const account = state.accountOf(email);
    return { name, email, user: account?.kind === 'person' ? { login: account.login } : null };
  };
  return {
    number: change.number,
    title: change.title,
    state: change.state.toUpperCase(),
    isDraft: change.draft,
    url: `${web}/${base.repo}/pull/${change.number}`,
    isCrossRepository: head.repo !== base.repo,
    author: actor(world, change.author),
    headRefName: head.branch,
    headRefOid: head.sha,
    headRepository: head.repo === undefined ? null : { nameWithOwner: head.repo },
    baseRefName: base.branch,
    baseRefOid: base.sha,
    baseRepository: { nameWithOwner: base.repo },
    reviews: {
      pageInfo: { hasNextPage: reviews.length > world.pageSize },
      nodes: reviews.slice(0, world.pageSize).map((review) => ({
        state: reviewWord(review),
        submittedAt: iso(review.at),
        author: actor(world, review.by),
        authorCanPushToRepository: state.members.mayWrite(base.repo, review.by),
        commit: { oid: review.commit },
      })),
    },
    commits: {
      nodes: [
        {
          commit: {
            oid: head.sha,
            statusCheckRollup: rollup(world, repository, head.sha),
            authors: {
              pageInfo: { hasNextPage: false },
              nodes: commit === undefined ? [] : [commit.author, ...commit.coAuthors].map(gitActor),
            },
            committer: commit === undefined ? null : gitActor(commit.committer),
          },
        },
      ],
    },
  };
}

function rollup(world: GithubWorld, repository: FakeRepository, sha: string): unknown {
  const runs = latestRuns(world.state.checks.of(repository.path, sha)).map((run) => {
    const { status, conclusion } = runWords(run);
    return {
      __typename: 'CheckRun',
      databaseId: run.id,
      name: run.name,
      status: status.toUpperCase(),
      conclusion: conclusion?.toUpperCase() ?? null,
      url: run.url ?? `${world.web}/${repository.path}/runs/${run.id}`,
      repository: { nameWithOwner: repository.path },
      checkSuite: { databaseId: suiteOf(run.app ?? ''), app: { slug: run.app } },
    };
  });
  const statuses = shownStatuses({ world, repository }, sha).toReversed();
  const latest = new Map(statuses.map((status) => [status.context.toLowerCase(), status]));
  const nodes = [...runs, ...Array.from(latest.values(), (status) => statusContext(world, status))];
  if (nodes.length === 0) return null;
  const pageInfo = { hasNextPage: nodes.length > world.pageSize };
  return { contexts: { pageInfo, nodes: nodes.slice(0, world.pageSize) } };
}

function statusContext(world: GithubWorld, { context, state, url, by }: ShownStatus): unknown {
  const creator = actor(world, by ?? world.state.me.login);
  return { __typename: 'StatusContext', context, state: state.toUpperCase(), targetUrl: url ?? null, creator };
}

/** GraphQL leaves `[bot]` out. */
function actor({ state }: GithubWorld, login: string): unknown {
  const { kind } = ownerOf(state, login);
  const __typename = { organization: 'Organization', person: 'User', bot: 'Bot' }[kind];
  return { __typename, login: login.replace(/\[bot\]$/, '') };
}
