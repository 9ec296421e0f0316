import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { commit, makeBareRepo, resolve, setRef } from '../git-repo.ts';
import { git } from '../run-git.ts';
import { tempDir } from '../temp-dir.ts';
import { type CheckBoard, createCheckBoard } from './check-board.ts';
import { type Conversation, createConversation } from './conversation.ts';
import { reaches, type Signature } from './git-history.ts';
import { type HeadCommit, writeHead } from './head-commit.ts';
import { createMemberBook, type MemberBook } from './member-book.ts';
import { createOwnerBook, type OwnerBook } from './owner-book.ts';
import { createStatusBoard, type StatusBoard } from './statuses.ts';

/** What every fake forge knows, in neutral words; each forge's file renders it in its own JSON. */
export interface FakeAccount {
  readonly id: number;
  readonly login: string;
  /** Commits with this address are this account's. Default `LOGIN@people.example`. */
  readonly email: string;
  readonly kind: 'person' | 'organization' | 'bot';
  /** False: the token's owner may not create repositories here. */
  readonly mayCreate: boolean;
}

export interface FakeRepository {
  readonly id: number;
  /** `owner/name`, as the forge under test writes it. */
  readonly path: string;
  readonly private: boolean;
  readonly description: string;
  readonly defaultBranch: string;
  /** False: the token may read it, but not set commit statuses. */
  readonly mayReport: boolean;
  /** False: the token may not ask who has which permission here. */
  readonly maySeeMembers: boolean;
  /** Pushes take approvals back; `hidden`: they do not, and the token may not see the setting. */
  readonly resetOnPush: boolean | 'hidden';
  /** Of GitLab: what the project pays for. */
  readonly edition: 'premium' | 'free' | 'community';
  /** The repository that this one was forked from. */
  readonly parent: string | undefined;
  /** A real bare repository. */
  readonly gitDir: string;
}

export interface FakeChange {
  readonly id: number;
  readonly number: number;
  readonly title: string;
  readonly author: string;
  readonly state: 'open' | 'closed' | 'merged';
  readonly draft: boolean;
  /** `repo` is undefined when the fork was deleted after the change was opened. */
  readonly head: { readonly repo: string | undefined; readonly branch: string; readonly sha: string };
  readonly base: { readonly repo: string; readonly branch: string; readonly sha: string };
  /** Milliseconds since the epoch. */
  readonly openedAt: number;
}

export interface NewChange extends HeadCommit {
  /** Repository that the change asks to be merged into; its default branch is the base. */
  readonly repo: string;
  /** Where the head branch lives; default: the same repository (an internal change). */
  readonly from?: string;
  readonly branch: string;
  readonly title?: string;
  readonly author?: string;
  readonly state?: FakeChange['state'];
  readonly draft?: boolean;
}

export interface HeadPush extends HeadCommit {
  /** Parent of the new commit, for a forced push; default: the present head. */
  readonly onto?: string;
  /** Moves the branch to this commit of the head's repository, instead of making one. */
  readonly sha?: string;
  /** Login of who pushes; default: the change's author. */
  readonly by?: string;
}

export interface ForgeState {
  /** The account that the accepted token belongs to. */
  readonly me: FakeAccount;
  readonly accounts: ReadonlyMap<string, FakeAccount>;
  readonly repositories: ReadonlyMap<string, FakeRepository>;
  readonly statuses: StatusBoard;
  /** Checks beside those that the client itself sets through `statuses`. */
  readonly checks: CheckBoard;
  readonly members: MemberBook;
  /** Code owner rules of changes, where the forge itself makes them (GitLab). */
  readonly owners: OwnerBook;
  /** Reviews, labels, comments and the timeline of a change. */
  about(repo: string, number: number): Conversation;
  /** The account that commits with this address are linked with. */
  accountOf(email: string): FakeAccount | undefined;
  /** Of one repository, ascending. */
  changesOf(repo: string): readonly FakeChange[];
  addAccount(login: string, options?: Partial<Pick<FakeAccount, 'kind' | 'mayCreate' | 'email'>>): FakeAccount;
  /** Makes the bare repository; `seed` (default true) gives it one commit on its default branch. */
  addRepository(
    path: string,
    options?: Partial<Omit<FakeRepository, 'id' | 'path' | 'defaultBranch' | 'gitDir'>> & { readonly seed?: boolean },
  ): Promise<FakeRepository>;
  /** Makes a real commit on the head's branch and the forge's own ref for it in the base repository. */
  addChange(change: NewChange): Promise<FakeChange>;
  /** A new commit on the head's branch, on top of the old one or (`onto`) anywhere else; approvals go where the repository says so. */
  pushChange(repo: string, number: number, push?: HeadPush): Promise<FakeChange>;
  /** As when somebody pushes to the default branch: a commit on top of it with these files. */
  pushBase(repo: string, files: Readonly<Record<string, string | Uint8Array | null>>): Promise<string>;
  /** As when somebody pushes to the default branch. */
  moveBase(repo: string, sha: string): Promise<void>;
  setChangeState(repo: string, number: number, state: FakeChange['state']): void;
  /** As when a person deletes a fork: changes from it stay, without a head repository. */
  deleteRepository(path: string): Promise<void>;
  close(): Promise<void>;
}

export interface StateOptions {
  /** Login of the token's owner. */
  readonly me: string;
  /** The ref that the forge keeps in the base repository for a change's head, where it has one. */
  readonly headRef?: ((number: number) => string) | undefined;
}

export async function createForgeState(options: StateOptions): Promise<ForgeState> {
  const root = await tempDir('sluice-fake-forge-');
  const accounts = new Map<string, FakeAccount>();
  const repositories = new Map<string, FakeRepository>();
  const changes = new Map<string, FakeChange[]>();
  const conversations = new Map<string, Conversation>();
  let lastId = 1000;
  // A minute for everything that happens; far from the date of the commits, which nobody may take for it.
  const stamp = () => {
    lastId += 1;
    return { id: lastId, at: Date.UTC(2025, 0, 1) + lastId * 60_000 };
  };

  const addAccount: ForgeState['addAccount'] = (login, options = {}) => {
    const { kind = 'person', mayCreate = true, email = `${login}@people.example` } = options;
    const account: FakeAccount = { id: stamp().id, login, kind, mayCreate, email };
    accounts.set(login.toLowerCase(), account);
    return account;
  };

  function repositoryAt(path: string): FakeRepository {
    const repository = repositories.get(path);
    if (repository === undefined) throw new Error(`the fake has no repository ${path}`);
    return repository;
  }

  function changeAt(repo: string, number: number): FakeChange {
    const change = changes.get(repo)?.find((one) => one.number === number);
    if (change === undefined) throw new Error(`the fake has no change ${number} of ${repo}`);
    return change;
  }

  function replaceChange(change: FakeChange): FakeChange {
    const list = changes.get(change.base.repo) ?? [];
    changes.set(
      change.base.repo,
      list.map((one) => (one.number === change.number ? change : one)),
    );
    return change;
  }

  function about(repo: string, number: number): Conversation {
    const key = `${repo}#${number}`;
    const head = () => changeAt(repo, number).head.sha;
    const conversation = conversations.get(key) ?? createConversation({ stamp, head });
    conversations.set(key, conversation);
    return conversation;
  }

  /** The forge's own ref for the head, in the base repository. */
  async function showHead(from: string, base: string, number: number, sha: string): Promise<void> {
    const headRef = options.headRef?.(number);
    if (headRef !== undefined) await copyRefs(from, base, `+${sha}:${headRef}`);
  }

  const signature = (loginOrEmail: string): Signature => {
    if (loginOrEmail.includes('@')) return { name: 'Somebody', email: loginOrEmail };
    const account = accounts.get(loginOrEmail.toLowerCase()) ?? addAccount(loginOrEmail);
    return { name: account.login, email: account.email };
  };

  const me = addAccount(options.me);
  return {
    me,
    accounts,
    repositories,
    statuses: createStatusBoard(),
    checks: createCheckBoard(stamp),
    owners: createOwnerBook(),
    members: createMemberBook(options.me, (repo) => repositories.get(repo)?.private ?? false),
    about,
    accountOf: (email) => [...accounts.values()].find((one) => one.email.toLowerCase() === email.toLowerCase()),
    changesOf: (repo) => changes.get(repo) ?? [],
    addAccount,
    async addRepository(path, wanted = {}) {
      const { parent, seed = true, private: hidden = false, description = '' } = wanted;
      const { mayReport = true, maySeeMembers = true, resetOnPush = false, edition = 'premium' } = wanted;
      const { id } = stamp();
      const gitDir = join(root.path, `${id}.git`);
      await makeBareRepo(gitDir);
      const origin = parent === undefined ? undefined : repositoryAt(parent).gitDir;
      if (seed && origin !== undefined) await copyRefs(origin, gitDir, 'refs/heads/*:refs/heads/*');
      else if (seed) await commit(gitDir, { message: `start ${path}`, ref: 'refs/heads/main' });
      const repository: FakeRepository = {
        ...{ id, path, private: hidden, description, parent, gitDir, mayReport, maySeeMembers, resetOnPush },
        edition,
        defaultBranch: 'main',
      };
      repositories.set(path, repository);
      return repository;
    },
    async addChange(want) {
      const base = repositoryAt(want.repo);
      const from = repositoryAt(want.from ?? want.repo);
      const parent = await resolve(base.gitDir, base.defaultBranch);
      const number = (changes.get(want.repo) ?? []).length + 1;
      const { branch, title: message = `Change ${number}`, author = options.me } = want;
      if (from !== base) await copyRefs(base.gitDir, from.gitDir, parent);
      const { files = { [`changes/${number}.txt`]: `${message}\n` } } = want;
      const sha = await writeHead(from.gitDir, {
        ...want,
        parent,
        message,
        files,
        ref: `refs/heads/${branch}`,
        signature,
      });
      await showHead(from.gitDir, base.gitDir, number, sha);
      const { id, at } = stamp();
      const change: FakeChange = {
        ...{ id, number, author, title: message, openedAt: at },
        state: want.state ?? 'open',
        draft: want.draft ?? false,
        head: { repo: from.path, branch, sha },
        base: { repo: base.path, branch: base.defaultBranch, sha: parent },
      };
      changes.set(want.repo, [...(changes.get(want.repo) ?? []), change]);
      about(want.repo, number).record({ kind: 'opened', by: author });
      return change;
    },
    async pushChange(repo, number, push = {}) {
      const change = changeAt(repo, number);
      const { branch, sha: before } = change.head;
      const { gitDir } = repositoryAt(change.head.repo ?? '');
      const ref = `refs/heads/${branch}`;
      const parent = push.onto ?? before;
      const message = `More of ${change.title}`;
      const { files = { [`changes/${number}.txt`]: `${message} on ${parent}\n` } } = push;
      const sha = push.sha ?? (await writeHead(gitDir, { ...push, parent, message, files, ref, signature }));
      await setRef(gitDir, ref, sha);
      await showHead(gitDir, repositoryAt(repo).gitDir, number, sha);
      const forced = (await reaches(gitDir, before, sha)) !== true;
      about(repo, number).record({ kind: 'pushed', by: push.by ?? change.author, before, sha, forced });
      if (repositoryAt(repo).resetOnPush === true) about(repo, number).dismissApprovals();
      return replaceChange({ ...change, head: { ...change.head, sha } });
    },
    async pushBase(repo, files) {
      const { gitDir, defaultBranch } = repositoryAt(repo);
      const parent = await resolve(gitDir, `refs/heads/${defaultBranch}`);
      return await commit(gitDir, { parent, message: 'On the base', files, ref: `refs/heads/${defaultBranch}` });
    },
    async moveBase(repo, sha) {
      const { gitDir, defaultBranch } = repositoryAt(repo);
      await setRef(gitDir, `refs/heads/${defaultBranch}`, sha);
    },
    setChangeState(repo, number, state) {
      const kind = state === 'open' ? 'reopened' : state;
      about(repo, number).record({ kind, by: options.me });
      replaceChange({ ...changeAt(repo, number), state });
    },
    async deleteRepository(path) {
      const { gitDir } = repositoryAt(path);
      repositories.delete(path);
      for (const [repo, list] of changes) {
        const forget = (change: FakeChange): FakeChange =>
          change.head.repo === path ? { ...change, head: { ...change.head, repo: undefined } } : change;
        changes.set(repo, list.map(forget));
      }
      await rm(gitDir, { recursive: true, force: true });
    },
    close: async () => root[Symbol.asyncDispose](),
  };
}

async function copyRefs(from: string, to: string, refspec: string): Promise<void> {
  await git(['--git-dir', to, 'fetch', '--quiet', '--no-tags', from, refspec]);
}
