import { SluiceError } from '../../errors.ts';
import type { ApiClient } from '../../http/client.ts';
import type { CheckState } from '../../model/check.ts';
import { shortOid } from '../../model/ref.ts';
import type { CallOptions } from '../call-options.ts';
import { type ListedCheck, oneCheckEach } from '../one-check-each.ts';
import type { ChecksRole } from '../review-roles.ts';
import { appOf, convertAccount } from './account.ts';
import type { ClientFor } from './api.ts';
import { hundred, nextAboutCommit, unknownCommitStatus } from './listing.ts';
import { repositoryPath } from './urls.ts';
import { checkRunsSchema, commitStatusesSchema, type NativeCheckRun, type NativeStatus } from './wire-reviews.ts';

/** Check runs (https://docs.github.com/en/rest/checks/runs) and commit statuses (https://docs.github.com/en/rest/commits/statuses). */
export function checksRole(clientFor: ClientFor): ChecksRole {
  return {
    vouchesForApps: true,
    async list(repo, sha, options = {}) {
      const client = clientFor(repo);
      const [runs, statuses] = await Promise.all([
        listRuns(client, repo, sha, options),
        listStatuses(client, repo, sha, options),
      ]);
      return oneCheckEach([
        ...runs.filter(({ head_sha }) => head_sha.toLowerCase() === sha).map((run) => convertRun(run, repo, sha)),
        ...latestOfContext(statuses).map((status) => convertStatus(status, repo, sha)),
      ]);
    },
  };
}

async function listRuns(
  client: ApiClient,
  repo: string,
  sha: string,
  options: CallOptions,
): Promise<readonly NativeCheckRun[]> {
  const purpose = `list the check runs of ${repo} at ${shortOid(sha)}`;
  let total = 0;
  const runs = await client.sendPages(
    hundred({
      path: `${repositoryPath(repo)}/commits/${sha}/check-runs`,
      query: { filter: 'latest' },
      decode: (value) => checkRunsSchema.parse(value),
      accept: [unknownCommitStatus],
      purpose,
      ...options,
    }),
    nextAboutCommit(client.baseUrl),
    (page) => {
      total = page.total_count;
      return page.check_runs;
    },
  );
  // GitHub leaves the oldest out where there are more than 1000 check suites.
  if (runs.length >= total) return runs;
  throw new SluiceError('unavailable', `could not ${purpose}: only ${runs.length} of ${total} were shown`, {
    hint: 'Try again; checks may be reported just now.',
  });
}

/** All that were ever set, the newest first: the combined status does not say who set them. */
function listStatuses(
  client: ApiClient,
  repo: string,
  sha: string,
  options: CallOptions,
): Promise<readonly NativeStatus[]> {
  return client.sendAll(
    hundred({
      path: `${repositoryPath(repo)}/commits/${sha}/statuses`,
      decode: (value) => commitStatusesSchema.parse(value),
      accept: [unknownCommitStatus],
      purpose: `list the commit statuses of ${repo} at ${shortOid(sha)}`,
      ...options,
    }),
    nextAboutCommit(client.baseUrl),
  );
}

/** A status replaces the one before it of the same context, whoever set it; contexts that differ only in case are one. */
function latestOfContext(statuses: readonly NativeStatus[]): readonly NativeStatus[] {
  const ascending = statuses.toSorted((a, b) => a.id - b.id);
  return [...new Map(ascending.map((status) => [status.context.toLowerCase(), status])).values()];
}

function convertRun(native: NativeCheckRun, repo: string, sha: string): ListedCheck {
  const { id, name, status, conclusion, html_url, app, check_suite } = native;
  const state = runState(status, conclusion);
  return {
    check: { name, app: app?.slug, repo, sha, state, url: html_url ?? undefined },
    order: id,
    group: `suite ${check_suite?.id ?? ''}`,
    withdrawn: isWithdrawn(conclusion),
  };
}

function convertStatus(
  { id, state, context, target_url, creator }: NativeStatus,
  repo: string,
  sha: string,
): ListedCheck {
  const app = appOf(convertAccount(creator));
  return {
    check: { name: context, app, repo, sha, state: statusState(state), url: target_url || undefined },
    order: id,
    group: 'status',
    withdrawn: false,
  };
}

export function isWithdrawn(conclusion: string | null): boolean {
  return conclusion === 'cancelled' || conclusion === 'stale' || conclusion === 'CANCELLED' || conclusion === 'STALE';
}

/** What a check run says, in REST's words or (upper case) GraphQL's. A conclusion that is not known is no success. */
export function runState(status: string, conclusion: string | null): CheckState {
  if (status.toLowerCase() !== 'completed') return 'pending';
  const word = conclusion?.toLowerCase();
  return word === 'success' || word === 'neutral' || word === 'skipped' ? word : 'failure';
}

export function statusState(state: string): CheckState {
  const word = state.toLowerCase();
  // `expected` is GraphQL's word for a required status that nobody has set.
  if (word === 'pending' || word === 'expected') return 'pending';
  return word === 'success' ? 'success' : 'failure';
}
