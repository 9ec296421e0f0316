import { SluiceError } from '../../errors.ts';
import type { ApiAnswer, ApiClient } from '../../http/client.ts';
import type { Change } from '../../model/change.ts';
import { shortOid } from '../../model/ref.ts';
import { answered } from '../answered.ts';
import type { CallOptions } from '../call-options.ts';
import { fullOid } from '../full-oid.ts';
import { openFirst } from '../open-first.ts';
import type { ChangeSearchRole } from '../review-roles.ts';
import { samePath } from '../same-path.ts';
import { findCommit } from './commits.ts';
import { convertPullRequest } from './convert.ts';
import { aboutPullRequest, nextPage, readAll } from './listing.ts';
import { commitPath, quoted, repositoryPath } from './urls.ts';
import { type PullRequest, pullRequestPageSchema, pullRequestSchema } from './wire.ts';
import { hashPageSchema, linkedRequestPageSchema } from './wire-reviews.ts';

// How many pull requests are asked about at a time.
const atOnce = 8;

const states = ['OPEN', 'MERGED', 'DECLINED', 'SUPERSEDED'];

/**
 * Pull requests of any state (https://developer.atlassian.com/cloud/bitbucket/rest/api-group-pullrequests/). A pull request itself
 * abbreviates its commits, and nobody can approve a part of an object id: heads of open ones are completed, and where none is open those
 * of the newest others.
 */
export function changeSearchRole(client: ApiClient): ChangeSearchRole {
  return {
    async search(repo, query, options = {}) {
      if (query.kind === 'label') {
        throw new SluiceError(
          'usage',
          `could not find pull requests of ${repo} with the label ${query.label}: Bitbucket Cloud has no labels`,
          { hint: 'Look pull requests up by branch or by commit.' },
        );
      }
      const found =
        query.kind === 'branch'
          ? await fromBranch(client, repo, query.branch, query.headRepo ?? repo, options)
          : await withCommit(client, repo, query.sha, options);
      const changes = openFirst(found.map(convertPullRequest));
      const open = changes.filter(({ state }) => state === 'open');
      const wanted = new Set(open.length > 0 ? open : changes.slice(0, atOnce));
      const shorts = new Map(found.map(({ id, source }) => [id, source.commit?.hash.toLowerCase()]));
      return await someAtOnce(changes, async (change) =>
        wanted.has(change) ? await withHead(client, repo, change, shorts.get(change.number), options) : change,
      );
    },
  };
}

async function fromBranch(
  client: ApiClient,
  repo: string,
  branch: string,
  headRepo: string,
  options: CallOptions,
): Promise<readonly PullRequest[]> {
  const requests = await readAll(client, {
    path: `${repositoryPath(repo)}/pullrequests?${states.map((state) => `state=${state}`).join('&')}`,
    query: { q: `source.branch.name = ${quoted(branch)}`, sort: 'created_on' },
    decode: (value) => pullRequestPageSchema.parse(value),
    purpose: `find pull requests of ${repo} from the branch ${branch}`,
    ...options,
  });
  return requests.filter(
    ({ source }) => source.branch.name === branch && samePath(source.repository?.full_name ?? '', headRepo),
  );
}

async function withCommit(
  client: ApiClient,
  repo: string,
  sha: string,
  options: CallOptions,
): Promise<readonly PullRequest[]> {
  const purpose = `find pull requests of ${repo} with the commit ${shortOid(sha)}`;
  const next = nextPage(client.baseUrl);
  let linked = true;
  const links = await client.sendPages(
    {
      path: `${commitPath(repo, sha)}/pullrequests`,
      query: { pagelen: 50 },
      decode: (value) => linkedRequestPageSchema.parse(value),
      accept: [202, 404],
      purpose,
      ...options,
    },
    (answer: ApiAnswer<{ values: { id: number }[] }>, page) => {
      // 202: "The repository's pull requests are still being indexed", whatever the body says.
      if (answer.status === 202) throw notLinked(purpose, 'is still linking its commits with pull requests');
      linked &&= answer.status !== 404;
      return answer.status === 404 ? undefined : next(answer, page);
    },
    (page) => page.values,
  );
  if (!linked) {
    if ((await findCommit(client, repo, sha, options)) === undefined) return [];
    throw notLinked(purpose, 'does not link its commits with pull requests');
  }
  const numbers = [...new Set(links.map(({ id }) => id))];
  return someAtOnce(numbers, (number) => findPullRequest(client, repo, number, options));
}

function notLinked(purpose: string, problem: string): SluiceError {
  return new SluiceError('unavailable', `could not ${purpose}: Bitbucket ${problem}`, {
    hint: 'Install the app "Pull Request Commit Links" ("Go to pull request" on the page of any commit does it), or look them up by branch.',
  });
}

async function findPullRequest(
  client: ApiClient,
  repo: string,
  number: number,
  options: CallOptions,
): Promise<PullRequest> {
  const about = aboutPullRequest(repo, number, 'find');
  const decode = (value: unknown) => pullRequestSchema.parse(value);
  return answered(await client.send({ ...about, decode, ...options }), about.purpose);
}

/** The listing of its own commits is not abbreviated, and its tip comes first. That of one that has ended may be gone with its branch. */
async function withHead(
  client: ApiClient,
  repo: string,
  change: Change,
  short: string | undefined,
  options: CallOptions,
): Promise<Change> {
  const { number, state, head } = change;
  if (head.sha !== undefined || short === undefined) return change;
  const about = aboutPullRequest(repo, number, 'find the head of', '/commits');
  const decode = (value: unknown) => hashPageSchema.parse(value);
  const accept = state === 'open' ? [] : [404];
  const answer = await client.send({ ...about, query: { pagelen: 1 }, decode, accept, ...options });
  if (answer.status === 404) return change;
  const tip = fullOid(answered(answer, about.purpose).values[0]?.hash);
  return tip?.startsWith(short) === true ? { ...change, head: { ...head, sha: tip } } : change;
}

async function someAtOnce<T, R>(items: readonly T[], ask: (item: T) => Promise<R>): Promise<readonly R[]> {
  const all: R[] = [];
  for (let at = 0; at < items.length; at += atOnce) {
    all.push(...(await Promise.all(items.slice(at, at + atOnce).map(ask))));
  }
  return all;
}
