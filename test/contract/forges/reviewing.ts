import type {
  ChangeSearchRole,
  ChecksRole,
  CommitsRole,
  DiscussionRole,
  MembersRole,
  ReviewsRole,
} from '../../../src/core/forges/review-roles.ts';
import type { HttpSettings } from '../../../src/core/http/settings.ts';
import type { CheckState } from '../../../src/core/model/check.ts';
import type { FakeCheck } from '../../support/fake-forge/check-board.ts';
import { type ForgeTraits, type Opened, open } from './traits.ts';

/** What differs between forges in the roles that `gate` and the trust policies ask; every deviation is written here with its reason. */
export interface ReviewingTraits {
  /** `latest`: the forge shows only what each person said last. */
  readonly history: 'all' | 'latest';
  /** False: a review does not say which commit it is of (GitLab, Bitbucket Cloud). */
  readonly reviewCommit: boolean;
  /** False: all reviews come in one answer. Default true. */
  readonly reviewPages?: boolean;
  /** The question whose empty list the forge writes as null, so that null is no fault there (Gitea's timeline). */
  readonly nullIsEmpty?: 'head since';
  /** False: all paths come in one answer, or none do (Data Center). Default true. */
  readonly pathPages?: boolean;
  /** False: all comments come in one answer. Default true. */
  readonly commentPages?: boolean;
  /** False: a review does not say when it was given. */
  readonly reviewTime: boolean;
  /** False: nobody can ask for changes, so such a review does not come. Default true. */
  readonly changesRequested?: boolean;
  /** What a review says of the right to push of somebody who has it, and of somebody who may only read; absent: nothing. */
  readonly mayWrite?: { readonly collaborator?: true; readonly stranger?: false };
  /** False: a review that only comments is not told apart from none. */
  readonly commented: boolean;
  /** False: a review that was taken back is not shown any more. */
  readonly dismissed: boolean;
  /** False: machines are not told from people. */
  readonly bots: boolean;
  /** The name that people chose stands beside the login, which says nothing to people (Bitbucket Cloud). */
  nameOf?(login: string): string;
  /** True: the setting that takes approvals back on a push is read; else it is undefined, because reviews name their commit. */
  readonly resetOnPush: boolean;
  /** True: the forge vouches for the app that reported a check (GitHub). */
  readonly apps: boolean;
  /** What becomes of a check; a state that the forge cannot express is left out. */
  readonly checkStates: Partial<Readonly<Record<FakeCheck['state'], CheckState>>>;
  /** False: searching by commit finds only the changes whose head it is, not those that contain it. */
  readonly containing: boolean;
  /**
   * `open`: the whole head commit costs a request each, so where a change is open it is only found of those that are (Bitbucket Cloud).
   * Default: it is found of all.
   */
  readonly searchHeads?: 'open';
  /** False: the API does not show who committed (Bitbucket Cloud). Default true. */
  readonly committer?: boolean;
  /** False: authors are not linked with accounts. Default true. */
  readonly linkedAuthors?: boolean;
  /** False: what names an account is no word but a number. Default true. */
  readonly loginCase?: boolean;
  /** How a team of `acme` is named; absent: the forge has none that can be asked. */
  team?(name: string): string;
  readonly labels: boolean;
  /** False: the forge does not say when it received the head. */
  readonly headSince: boolean;
  readonly association: boolean;
}

export interface OpenedReviewing extends Opened {
  readonly changeSearch: ChangeSearchRole;
  readonly reviews: ReviewsRole;
  readonly checks: ChecksRole;
  readonly commits: CommitsRole;
  readonly members: MembersRole;
  readonly discussion: DiscussionRole;
}

export interface WithReviewing extends ForgeTraits {
  readonly reviewing: ReviewingTraits;
}

/** `open`, with the accounts `ada`, `bob`, `eve` and the machine `robot[bot]`. */
export async function openReviewing(traits: ForgeTraits, http: HttpSettings = {}): Promise<OpenedReviewing> {
  const opened = await open(traits, http);
  for (const login of ['ada', 'bob', 'eve']) opened.fake.state.addAccount(login);
  opened.fake.state.addAccount('robot[bot]', { kind: 'bot' });
  const { changeSearch, reviews, checks, commits, members, discussion } = opened.forge;
  if (!changeSearch || !reviews || !checks || !commits || !members || !discussion) {
    throw new Error(`${opened.forge.type} lacks a role`);
  }
  return { ...opened, changeSearch, reviews, checks, commits, members, discussion };
}
