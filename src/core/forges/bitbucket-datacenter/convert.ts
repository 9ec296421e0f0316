import type { Change, ChangeSide } from '../../model/change.ts';
import { type RefName, shortName } from '../../model/ref.ts';
import type { CommitStatus } from '../../model/status.ts';
import type { Repository } from '../forge.ts';
import { fullOid } from '../full-oid.ts';
import { canonicalRepo, pullRequestUrl } from './urls.ts';
import type { DatacenterRepository, PullRequest, PullRequestRef } from './wire.ts';

const states = { OPEN: 'open', MERGED: 'merged', DECLINED: 'closed' } as const;

/** A pull request of `repo` as a change; `webUrl` is the origin of its page. */
export function convertPullRequest(native: PullRequest, repo: string, webUrl: string): Change {
  const head = convertRef(native.fromRef);
  const base = convertRef(native.toRef);
  return {
    number: native.id,
    title: native.title,
    state: states[native.state],
    draft: native.draft ?? false,
    author: native.author?.user?.name ?? '',
    url: pullRequestUrl(webUrl, repo, native.id),
    head,
    base,
    internal: head.repo !== undefined && head.repo === base.repo,
  };
}

function convertRef(native: PullRequestRef): ChangeSide {
  return {
    repo: native.repository ? pathOf(native.repository) : undefined,
    branch: shortName(native.id),
    sha: fullOid(native.latestCommit),
  };
}

/** The default branch is not part of a repository here: it is asked for by a request of its own. */
export function convertRepository(native: DatacenterRepository, defaultBranch: string | undefined): Repository {
  return { path: pathOf(native), private: native.public !== true, defaultBranch };
}

export function pathOf(native: DatacenterRepository): string {
  return canonicalRepo(`${native.project.key}/${native.slug}`);
}

// CANCELLED and UNKNOWN came with 8.0 and mean neither.
const buildStates = {
  pending: 'INPROGRESS',
  running: 'INPROGRESS',
  success: 'SUCCESSFUL',
  failure: 'FAILED',
  error: 'FAILED',
} as const;

export interface BuildStatus {
  readonly key: string;
  readonly state: (typeof buildStates)[keyof typeof buildStates];
  readonly url: string;
  readonly name: string;
  readonly description?: string;
}

/** As every version takes it. The server demands a URL: `page` where there is none of one's own. */
export function convertStatus({ state, context, description, targetUrl }: CommitStatus, page: string): BuildStatus {
  return {
    key: context,
    state: buildStates[state],
    url: targetUrl ?? page,
    name: context,
    ...(description === '' ? {} : { description }),
  };
}

export interface RichBuildStatus extends BuildStatus {
  readonly parent: string;
  readonly ref?: RefName;
}

/** As 7.4 and later take it, where "required builds" are matched by parent and branch. */
export function convertRichStatus(build: BuildStatus, ref: RefName | undefined): RichBuildStatus {
  const named = ref !== undefined && /^refs\/(heads|tags)\//.test(ref);
  return { ...build, parent: build.key, ...(named ? { ref } : {}) };
}
