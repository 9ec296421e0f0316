import type { Change, ChangeSide } from '../../model/change.ts';
import type { CommitStatus } from '../../model/status.ts';
import type { Repository } from '../forge.ts';
import { fullOid } from '../full-oid.ts';
import { loginOf } from './account.ts';
import type { BitbucketRepository, PullRequest, PullRequestEndpoint } from './wire.ts';

// SUPERSEDED: declined because another pull request of the same branch was merged.
const states = { OPEN: 'open', MERGED: 'merged', DECLINED: 'closed', SUPERSEDED: 'closed' } as const;

/** A pull request as a change. Its hashes are abbreviated, so `sha` is mostly undefined. */
export function convertPullRequest(native: PullRequest): Change {
  const head = convertEndpoint(native.source);
  const base = convertEndpoint(native.destination);
  return {
    number: native.id,
    title: native.title,
    state: states[native.state],
    draft: native.draft ?? false,
    author: loginOf(native.author) ?? '',
    url: native.links.html.href,
    head,
    base,
    internal: head.repo !== undefined && head.repo === base.repo,
  };
}

function convertEndpoint(native: PullRequestEndpoint): ChangeSide {
  return { repo: native.repository?.full_name, branch: native.branch.name, sha: fullOid(native.commit?.hash) };
}

export function convertRepository(native: BitbucketRepository): Repository {
  return { path: native.full_name, private: native.is_private, defaultBranch: native.mainbranch?.name };
}

// STOPPED is for what a person has stopped.
const buildStates = {
  pending: 'INPROGRESS',
  running: 'INPROGRESS',
  success: 'SUCCESSFUL',
  failure: 'FAILED',
  error: 'FAILED',
} as const;

/**
 * `key` identifies the status, and its whole context is shown as the name. Bitbucket demands a URL: `page` where there is
 * none of one's own. With the name of a branch the status shows in the pull requests from that branch only.
 */
export function convertStatus(
  { state, context, description, targetUrl, ref }: CommitStatus,
  key: string,
  page: string,
): unknown {
  const [, branch] = /^refs\/heads\/(.+)$/.exec(ref ?? '') ?? [];
  return {
    key,
    state: buildStates[state],
    url: targetUrl ?? page,
    name: context,
    ...(description === '' ? {} : { description }),
    ...(branch === undefined ? {} : { refname: branch }),
  };
}
