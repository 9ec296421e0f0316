import { SluiceError } from '../../errors.ts';
import type { ApiClient } from '../../http/client.ts';
import type { Change } from '../../model/change.ts';
import { answered } from '../answered.ts';
import type { CallOptions } from '../call-options.ts';
import { openFirst } from '../open-first.ts';
import type { ChangeSearchRole } from '../review-roles.ts';
import { samePath } from '../same-path.ts';
import { convertPullRequest } from './convert.ts';
import { readAll } from './listing.ts';
import { repositoryPath } from './urls.ts';
import { pullRequestSchema, pullRequestsSchema } from './wire.ts';
import { issuesSchema } from './wire-reviews.ts';

// How many pull requests of one label are asked for at a time.
const atOnce = 8;

/**
 * Gitea filters its listing neither by head branch nor by commit, so that all pull requests are read. (`/pulls/{base}/{head}` wants the
 * base branch too and gives one of several, `/commits/{sha}/pull` knows only merge commits.)
 */
export function changeSearchRole(client: ApiClient): ChangeSearchRole {
  return {
    async search(repo, query, options = {}) {
      if (query.kind === 'label') return openFirst(await withLabel(client, repo, query.label, options));
      const all = await listAll(client, repo, options);
      if (query.kind === 'commit') return openFirst(all.filter(({ head }) => head.sha === query.sha));
      const { branch, headRepo = repo } = query;
      const isMeant = ({ head, internal }: Change) =>
        head.branch === branch &&
        (samePath(headRepo, repo) ? internal : head.repo !== undefined && samePath(head.repo, headRepo));
      return openFirst(all.filter(isMeant));
    },
  };
}

async function listAll(client: ApiClient, repo: string, options: CallOptions): Promise<readonly Change[]> {
  const native = await readAll(client, {
    path: `${repositoryPath(repo)}/pulls`,
    // The oldest first, so that one opened meanwhile does not shift the pages.
    query: { state: 'all', sort: 'oldest' },
    decode: (value) => pullRequestsSchema.parse(value),
    purpose: `list pull requests of ${repo}`,
    ...options,
  });
  return native.map((one) => convertPullRequest(one, repo));
}

/** The listing of pull requests takes labels by number only, that of issues by name, and lacks their heads. */
async function withLabel(
  client: ApiClient,
  repo: string,
  label: string,
  options: CallOptions,
): Promise<readonly Change[]> {
  const purpose = `find pull requests of ${repo} with the label ${label}`;
  if (label.includes(',')) {
    throw new SluiceError('usage', `could not ${purpose}: Gitea cannot search for a label with a comma in it`, {
      hint: 'Use another label.',
    });
  }
  const path = repositoryPath(repo);
  const issues = await readAll(client, {
    path: `${path}/issues`,
    query: { state: 'all', type: 'pulls', labels: label },
    decode: (value) => issuesSchema.parse(value),
    purpose,
    ...options,
  });
  // Gitea lists everything where there is no label of that name.
  const labelled = issues.filter(({ labels }) => labels?.some(({ name }) => name === label));
  const numbers = [...new Set(labelled.map(({ number }) => number))];
  const found: Change[] = [];
  for (let at = 0; at < numbers.length; at += atOnce) {
    const some = numbers.slice(at, at + atOnce).map(async (number) => {
      const one = `find pull request #${number} of ${repo}`;
      const decode = (value: unknown) => convertPullRequest(pullRequestSchema.parse(value), repo);
      return answered(await client.send({ path: `${path}/pulls/${number}`, decode, purpose: one, ...options }), one);
    });
    found.push(...(await Promise.all(some)));
  }
  return found;
}
