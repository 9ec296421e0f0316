import type { Account } from '../../model/account.ts';
import type { Change } from '../../model/change.ts';
import type { Check } from '../../model/check.ts';
import type { Review } from '../../model/review.ts';
import { eachPersonOnce } from '../each-person.ts';
import { fullOid } from '../full-oid.ts';
import { type ListedCheck, oneCheckEach } from '../one-check-each.ts';
import type { CommitPerson } from '../review-roles.ts';
import { samePath } from '../same-path.ts';
import { appOf, convertPerson } from './account.ts';
import { isWithdrawn, runState, statusState } from './checks.ts';
import { oldestFirst, reviewState } from './reviews.ts';
import type { NativeActor, NativeContext, NativeGitActor, NativeHeadCommit, NativePull } from './survey-wire.ts';

/** GraphQL writes a machine's login without the `[bot]` that it has everywhere else. */
export function convertActor(native: NativeActor): Account | undefined {
  if (native === null) return undefined;
  const { __typename, login } = native;
  const bot = __typename === 'Bot';
  return { login: bot && !login.endsWith('[bot]') ? `${login}[bot]` : login, bot };
}

export function convertPull(native: NativePull, repo: string): Change {
  const { headRepository, baseRepository, isCrossRepository } = native;
  return {
    number: native.number,
    title: native.title,
    state: native.state === 'OPEN' ? 'open' : native.state === 'MERGED' ? 'merged' : 'closed',
    draft: native.isDraft,
    author: convertActor(native.author)?.login ?? '',
    url: native.url,
    head: { repo: headRepository?.nameWithOwner, branch: native.headRefName, sha: fullOid(native.headRefOid) },
    base: { repo: baseRepository?.nameWithOwner ?? repo, branch: native.baseRefName, sha: fullOid(native.baseRefOid) },
    internal: headRepository !== null && !isCrossRepository,
  };
}

export function convertReviews(nodes: NonNullable<NativePull['reviews']>['nodes']): readonly Review[] {
  const reviews = nodes.flatMap((native): readonly Review[] => {
    const state = reviewState(native.state);
    if (state === undefined) return [];
    const { submittedAt: at, author, commit, authorCanPushToRepository: mayWrite } = native;
    return [{ by: convertActor(author), state, commit: fullOid(commit?.oid), at: at ?? undefined, mayWrite }];
  });
  return oldestFirst(reviews);
}

/** `name` is the repository's present one; check runs of another repository (a fork's own) are left out. */
export function convertContexts(
  nodes: readonly NativeContext[],
  at: { readonly repo: string; readonly name: string; readonly sha: string },
): readonly Check[] {
  const here = nodes.filter((one) => one.__typename !== 'CheckRun' || samePath(one.repository.nameWithOwner, at.name));
  return oneCheckEach(here.map((one, order) => convertContext(one, order, at)));
}

function convertContext(
  native: NativeContext,
  order: number,
  { repo, sha }: { readonly repo: string; readonly sha: string },
): ListedCheck {
  if (native.__typename === 'StatusContext') {
    const { context: name, state, targetUrl, creator } = native;
    const app = appOf(convertActor(creator) ?? undefined);
    const check: Check = { name, app, repo, sha, state: statusState(state), url: targetUrl || undefined };
    return { check, order, group: 'status', withdrawn: false };
  }
  const { databaseId, name, status, conclusion, url, checkSuite } = native;
  const state = runState(status, conclusion);
  return {
    check: { name, app: checkSuite?.app?.slug, repo, sha, state, url },
    order: databaseId,
    group: `suite ${checkSuite?.databaseId ?? ''}`,
    withdrawn: isWithdrawn(conclusion),
  };
}

/** GraphQL, unlike REST, also links the co-authors with their accounts. The first of `authors` is the commit's author. */
export function convertPeople({ authors, committer }: NativeHeadCommit): readonly CommitPerson[] {
  const [author, ...coAuthors] = authors?.nodes ?? [];
  return eachPersonOnce(
    [author, committer, ...coAuthors].flatMap((one) => (one == null ? [] : [convertGitActor(one)])),
  );
}

function convertGitActor({ name, email, user }: NativeGitActor): CommitPerson {
  return convertPerson(user === null ? undefined : { login: user.login, bot: false }, { name, email });
}
