import type { Change, ChangeSide } from '../../model/change.ts';
import type { CommitStatus } from '../../model/status.ts';
import type { Repository } from '../forge.ts';
import { fullOid } from '../full-oid.ts';
import { convertAccount } from './account.ts';
import type { GiteaRepository, PullRequest } from './wire.ts';

/** A pull request of `repo` as a change. */
export function convertPullRequest(native: PullRequest, repo: string): Change {
  const head = convertHead(native);
  const base = native.base.repo?.full_name ?? repo;
  return {
    number: native.number,
    title: native.title,
    state: native.merged === true ? 'merged' : native.state,
    draft: native.draft ?? /^(wip:|\[wip\])/i.test(native.title),
    author: convertAccount(native.user)?.login ?? '',
    url: native.html_url,
    head,
    base: { repo: base, branch: native.base.ref, sha: fullOid(native.base.sha) },
    internal: head.repo !== undefined && head.repo === base,
  };
}

/**
 * AGit pull requests (pushed to refs/for/…, by anybody who may read) claim the base repository as their head's. They are
 * not in it: nobody with write access put them there. So they have no head repository here and are never internal.
 * https://github.com/go-gitea/gitea/blob/main/services/convert/pull.go
 */
function convertHead({ head }: PullRequest): ChangeSide {
  const placeholder = /^refs\/pull\/\d+\/head$/.test(head.ref);
  const label = head.label ?? '';
  const agit = placeholder && label === '';
  return {
    repo: agit ? undefined : head.repo?.full_name,
    branch: placeholder && !agit ? label : head.ref,
    sha: fullOid(head.sha),
  };
}

export function convertRepository(native: GiteaRepository): Repository {
  return {
    path: native.full_name,
    private: native.private ?? false,
    defaultBranch: native.default_branch || undefined,
  };
}

/** Gitea does not tell running from pending. */
export function convertStatus({ state, context, description, targetUrl }: CommitStatus): unknown {
  return {
    state: state === 'running' ? 'pending' : state,
    context,
    ...(description === '' ? {} : { description }),
    ...(targetUrl === undefined ? {} : { target_url: targetUrl }),
  };
}
