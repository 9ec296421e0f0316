import type { FakeForge } from '../support/fake-forge/server.ts';

/**
 * What the gate cannot mean alike on all forges; every deviation is written here with its reason. Where a row says nothing, the forge
 * does as the others do.
 */
export interface GateTraits {
  readonly name: string;
  readonly type: 'github' | 'gitlab' | 'gitea' | 'bitbucket' | 'bitbucket-datacenter';
  start(options: { readonly pageSize: number }): Promise<FakeForge>;
  /** How the forge writes a repository of the organisation `acme`, and one of the person `eve`. */
  readonly own: (name: string) => string;
  readonly strangers: (name: string) => string;
  /** As in its pages: `merge request !1`. */
  readonly words: { readonly change: string; readonly sigil: '#' | '!' };
  /** What a refused credential is told to need. */
  readonly right: string;
  /**
   * Where an approval's commit is from: it names its commit; or its time tells (GitLab); or only the setting that takes approvals back
   * on a push does (Bitbucket Cloud).
   */
  readonly approvalOf: 'commit' | 'time' | 'setting';
  /** False: a review that was taken back is not shown any more, so it cannot be spoken of. */
  readonly showsDismissed: boolean;
  /**
   * False: a review does not say whether its author may push. Who may approve at all is up to the forge's own settings there, and teams
   * name people (`--require-team`).
   */
  readonly seesRights: boolean;
  /** A login by which, or with which, the forge tells a machine from people; absent: it does not (Gitea). */
  readonly bot?: string;
  /** How somebody is called who is `login` in the fakes; default: by the login. */
  person?(login: string): string;
  /** The address by which a commit is linked with an account's login; default: the account's own. */
  address?(login: string): string;
  /** How the team `sec` of `acme` is named; absent: the forge's API tells nobody who is in a group. */
  readonly team?: string;
  /** False: pull requests have no labels. */
  readonly labels: boolean;
  /** False: the forge does not say which app reported a check, so a required app can never have. */
  readonly apps: boolean;
  /**
   * Who says which owners a path has: the forge's own file, which sluice reads, or rules that the forge made of it (GitLab). Absent: the
   * API tells neither.
   */
  readonly owners?: 'file' | 'rules';
  /**
   * How many requests leave at once, round trip by round trip: for an approval alone, with a check that was reported, with a team
   * beside it, for an approval of what is up to date, and for one by code owners.
   */
  readonly rounds: {
    readonly approval: readonly number[];
    readonly check: readonly number[];
    readonly team?: readonly number[];
    readonly upToDate: readonly number[];
    readonly owners?: readonly number[];
  };
}

const ownerAndName = (name: string) => `acme/${name}`;
const strangers = (name: string) => `eve/${name}`;

export const forges: readonly GateTraits[] = [
  {
    name: 'github',
    type: 'github',
    start: async (options) => (await import('../support/fake-forge/github.ts')).startFakeGithub(options),
    own: ownerAndName,
    strangers,
    words: { change: 'pull request', sigil: '#' },
    // GitHub itself names it, in a header of what it refuses.
    right: 'lacks a permission',
    approvalOf: 'commit',
    showsDismissed: true,
    seesRights: true,
    bot: 'robot[bot]',
    team: 'acme/sec',
    labels: true,
    apps: true,
    owners: 'file',
    // One GraphQL request brings everything but the members of teams, and owners: the base branch, then three places and a comparison.
    rounds: { approval: [1], check: [1], team: [2], upToDate: [1, 1, 1], owners: [1, 1, 4] },
  },
  {
    name: 'github without GraphQL',
    type: 'github',
    async start(options) {
      const fake = await (await import('../support/fake-forge/github.ts')).startFakeGithub(options);
      fake.fail({ path: /\/graphql$/, fault: { kind: 'answer', status: 404 } });
      return fake;
    },
    own: ownerAndName,
    strangers,
    words: { change: 'pull request', sigil: '#' },
    // GitHub itself names it, in a header of what it refuses.
    right: 'lacks a permission',
    approvalOf: 'commit',
    showsDismissed: true,
    seesRights: true,
    bot: 'robot[bot]',
    team: 'acme/sec',
    labels: true,
    apps: true,
    owners: 'file',
    // That there is no GraphQL has to be found out first. Checks are runs and statuses.
    rounds: { approval: [1, 1, 2], check: [1, 1, 4], team: [2, 1, 4], upToDate: [1, 1, 3, 1], owners: [1, 1, 3, 4] },
  },
  {
    name: 'gitlab',
    type: 'gitlab',
    start: async (options) => (await import('../support/fake-forge/gitlab.ts')).startFakeGitlab(options),
    own: ownerAndName,
    strangers,
    words: { change: 'merge request', sigil: '!' },
    right: 'Reading it needs the scope read_api',
    approvalOf: 'time',
    showsDismissed: false,
    seesRights: false,
    // The users behind access tokens, whose names are made by GitLab; others are not told from people.
    bot: 'project_12_bot_4ffca233',
    // Its API of commits knows names and addresses only; the private address holds the login.
    address: (login) => `7-${login}@users.noreply.gitlab.example`,
    team: 'acme/sec',
    labels: true,
    apps: false,
    owners: 'rules',
    // Approvals, reviewers, the merge request itself, its versions, and the setting. Of owners the rules and the base branch, then three
    // places, the merge request and its versions.
    rounds: { approval: [2, 5], check: [3, 5], team: [4, 5], upToDate: [2, 6, 1], owners: [2, 7, 5] },
  },
  {
    name: 'gitea',
    type: 'gitea',
    start: async (options) => (await import('../support/fake-forge/gitea.ts')).startFakeGitea(options),
    own: ownerAndName,
    strangers,
    words: { change: 'pull request', sigil: '#' },
    right: 'Reading it needs the scopes read:repository',
    approvalOf: 'commit',
    showsDismissed: true,
    seesRights: false,
    team: 'acme/sec',
    labels: true,
    apps: false,
    // A team is found among those of its organisation first.
    rounds: { approval: [2, 1], check: [3, 1], team: [4, 2], upToDate: [2, 2, 1] },
  },
  {
    name: 'bitbucket',
    type: 'bitbucket',
    start: async (options) => (await import('../support/fake-forge/bitbucket.ts')).startFakeBitbucket(options),
    own: ownerAndName,
    strangers,
    words: { change: 'pull request', sigil: '#' },
    right: 'read:pullrequest:bitbucket',
    approvalOf: 'setting',
    // An account is its uuid, so the name that people chose stands beside it.
    person: (login) => `${login} by name (${login})`,
    showsDismissed: false,
    seesRights: false,
    bot: 'robot',
    labels: false,
    apps: false,
    // A pull request abbreviates its head, so the whole id costs a round trip of its own.
    rounds: { approval: [2, 1, 2], check: [3, 1, 2], upToDate: [2, 1, 3, 1] },
  },
  {
    name: 'bitbucket-datacenter',
    type: 'bitbucket-datacenter',
    start: async (options) =>
      (await import('../support/fake-forge/bitbucket-datacenter.ts')).startFakeBitbucketDatacenter(options),
    own: (name) => `ACME/${name}`,
    strangers: (name) => `~eve/${name}`,
    words: { change: 'pull request', sigil: '#' },
    right: 'the permission "Repository read"',
    approvalOf: 'commit',
    showsDismissed: false,
    seesRights: false,
    bot: 'robot',
    // A group of the server.
    team: 'sec',
    labels: false,
    apps: false,
    // The listing of builds is of all repositories, so each key is asked for again where it counts.
    rounds: { approval: [2, 2], check: [4, 3], team: [5, 3], upToDate: [2, 3, 1] },
  },
];
