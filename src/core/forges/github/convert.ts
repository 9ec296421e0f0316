import type { Change } from '../../model/change.ts';
import type { CommitStatus } from '../../model/status.ts';
import type { Repository } from '../forge.ts';
import { fullOid } from '../full-oid.ts';
import { convertAccount } from './account.ts';
import type { NativeRepository, PullRequest } from './wire.ts';

/** A pull request of `repo` as a change. */
export function convertPullRequest(native: PullRequest, repo: string): Change {
  const { head, base } = native;
  return {
    number: native.number,
    title: native.title,
    state: native.merged_at === null ? native.state : 'merged',
    draft: native.draft ?? false,
    author: convertAccount(native.user)?.login ?? '',
    url: native.html_url,
    head: { repo: head.repo?.full_name, branch: head.ref, sha: fullOid(head.sha) },
    base: { repo: base.repo?.full_name ?? repo, branch: base.ref, sha: fullOid(base.sha) },
    internal: head.repo !== null && head.repo.id === base.repo?.id,
  };
}

export function convertRepository(native: NativeRepository): Repository {
  return {
    path: native.full_name,
    private: native.private,
    defaultBranch: native.default_branch || undefined,
  };
}

/** GitHub does not tell running from pending. */
export function convertStatus({ state, context, description, targetUrl }: CommitStatus): unknown {
  return {
    state: state === 'running' ? 'pending' : state,
    context,
    ...(description === '' ? {} : { description }),
    ...(targetUrl === undefined ? {} : { target_url: targetUrl }),
  };
}
