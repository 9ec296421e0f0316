import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { commit, makeBareRepo, resolve } from '../git-repo.ts';
import { git } from '../run-git.ts';
import { tempDir } from '../temp-dir.ts';
import { createStatusBoard, type StatusBoard } from './statuses.ts';

/** What every fake forge knows, in neutral words; each forge's file renders it in its own JSON. */
export interface FakeAccount {
  readonly id: number;
  readonly login: string;
  readonly kind: 'person' | 'organization';
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
}

export interface NewChange {
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

export interface ForgeState {
  /** The account that the accepted token belongs to. */
  readonly me: FakeAccount;
  readonly accounts: ReadonlyMap<string, FakeAccount>;
  readonly repositories: ReadonlyMap<string, FakeRepository>;
  readonly statuses: StatusBoard;
  /** Of one repository, ascending. */
  changesOf(repo: string): readonly FakeChange[];
  addAccount(login: string, options?: Partial<Pick<FakeAccount, 'kind' | 'mayCreate'>>): FakeAccount;
  /** Makes the bare repository; `seed` (default true) gives it one commit on its default branch. */
  addRepository(
    path: string,
    options?: Partial<Pick<FakeRepository, 'private' | 'description' | 'parent' | 'mayReport'>> & {
      readonly seed?: boolean;
    },
  ): Promise<FakeRepository>;
  /** Makes a real commit on the head's branch and the forge's own ref for it in the base repository. */
  addChange(change: NewChange): Promise<FakeChange>;
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
  let lastId = 1000;

  const addAccount: ForgeState['addAccount'] = (login, { kind = 'person', mayCreate = true } = {}) => {
    lastId += 1;
    const account: FakeAccount = { id: lastId, login, kind, mayCreate };
    accounts.set(login.toLowerCase(), account);
    return account;
  };

  function repositoryAt(path: string): FakeRepository {
    const repository = repositories.get(path);
    if (repository === undefined) throw new Error(`the fake has no repository ${path}`);
    return repository;
  }

  const me = addAccount(options.me);
  return {
    me,
    accounts,
    repositories,
    statuses: createStatusBoard(),
    changesOf: (repo) => changes.get(repo) ?? [],
    addAccount,
    async addRepository(
      path,
      { private: hidden = false, description = '', parent, seed = true, mayReport = true } = {},
    ) {
      lastId += 1;
      const id = lastId;
      const gitDir = join(root.path, `${id}.git`);
      await makeBareRepo(gitDir);
      const origin = parent === undefined ? undefined : repositoryAt(parent).gitDir;
      if (seed && origin !== undefined) await copyRefs(origin, gitDir, 'refs/heads/*:refs/heads/*');
      else if (seed) await commit(gitDir, { message: `start ${path}`, ref: 'refs/heads/main' });
      const repository: FakeRepository = {
        id,
        path,
        private: hidden,
        description,
        defaultBranch: 'main',
        mayReport,
        parent,
        gitDir,
      };
      repositories.set(path, repository);
      return repository;
    },
    async addChange(want) {
      const base = repositoryAt(want.repo);
      const from = repositoryAt(want.from ?? want.repo);
      const baseSha = await resolve(base.gitDir, base.defaultBranch);
      lastId += 1;
      const list = changes.get(want.repo) ?? [];
      const number = list.length + 1;
      const title = want.title ?? `Change ${number}`;
      if (from !== base) await copyRefs(base.gitDir, from.gitDir, baseSha);
      const files = { [`changes/${number}.txt`]: `${title}\n` };
      const sha = await commit(from.gitDir, {
        parent: baseSha,
        message: title,
        files,
        ref: `refs/heads/${want.branch}`,
      });
      const headRef = options.headRef?.(number);
      if (headRef !== undefined) await copyRefs(from.gitDir, base.gitDir, `${sha}:${headRef}`);
      const change: FakeChange = {
        id: lastId,
        number,
        title,
        author: want.author ?? options.me,
        state: want.state ?? 'open',
        draft: want.draft ?? false,
        head: { repo: from.path, branch: want.branch, sha },
        base: { repo: base.path, branch: base.defaultBranch, sha: baseSha },
      };
      changes.set(want.repo, [...list, change]);
      return change;
    },
    setChangeState(repo, number, state) {
      changes.set(
        repo,
        (changes.get(repo) ?? []).map((change) => (change.number === number ? { ...change, state } : change)),
      );
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
