import type { Forge } from '../../../src/core/forges/forge.ts';
import type { Deed } from '../../../src/core/forges/review-roles.ts';
import type { Change } from '../../../src/core/model/change.ts';
import type { Review } from '../../../src/core/model/review.ts';

/** What a forge of a test says, to be changed while the test goes on. */
export interface Said {
  changes: readonly Change[];
  writers: readonly string[];
  reviews: readonly Review[];
  resetOnPush: boolean | undefined;
  labels: readonly (Deed & { readonly name: string })[];
  comments: readonly (Deed & { readonly text: string })[];
  headSince: number | undefined;
  changedPaths: readonly string[];
  association: string | undefined;
  /** Thrown by the roles of these names. */
  faults: Partial<Record<string, Error>>;
}

/** A port of the poller, written by hand: a forge that says what it is told to, and counts what it is asked. */
export function sayingForge(more: Partial<Said> = {}, type: 'github' | 'bitbucket' = 'github') {
  const said: Said = {
    changes: [],
    writers: ['wendy'],
    reviews: [],
    resetOnPush: false,
    labels: [],
    comments: [],
    headSince: 1000,
    changedPaths: ['src/a.ts'],
    association: 'NONE',
    faults: {},
    ...more,
  };
  const asked: string[] = [];
  function answer<T>(name: string, value: T, about: string | number = ''): Promise<T> {
    asked.push(`${name} ${about}`.trim());
    const fault = said.faults[name];
    return fault === undefined ? Promise.resolve(value) : Promise.reject(fault);
  }
  const find = (number: number) => said.changes.find((one) => one.number === number);
  const forge: Forge = {
    type,
    alias: 'gh',
    webUrl: 'https://git.example.org',
    apiUrl: 'https://git.example.org/api',
    words: { change: 'pull request', sigil: '#' },
    cloneUrl: (repo) => `https://git.example.org/${repo}.git`,
    repoOf: () => undefined,
    gitCredential: async () => undefined,
    changes: {
      listOpen: () => answer('listOpen', said.changes),
      find: (_repo, number) => answer('find', find(number), number),
      headLocation(repo, { number, head }) {
        if (type === 'github') return { repo, ref: `refs/pull/${number}/head` };
        return head.repo === undefined ? undefined : { repo: head.repo, ref: `refs/heads/${head.branch}` };
      },
    },
    reviews: {
      list: (_repo, { number }) => answer('reviews', { reviews: said.reviews, resetOnPush: said.resetOnPush }, number),
    },
    members: { canWrite: (_repo, login) => answer('canWrite', said.writers.includes(login), login) },
    discussion: {
      labels: (_repo, number) => answer('labels', said.labels, number),
      comments: (_repo, number) => answer('comments', said.comments, number),
      headSince: (_repo, { number }) => answer('headSince', said.headSince, number),
      changedPaths: (_repo, number) => answer('changedPaths', said.changedPaths, number),
      association: (_repo, number) => answer('association', said.association, number),
    },
  };
  return { forge, said, asked };
}

export function fromFork(number: number, sha: string | undefined, more: Partial<Change> = {}): Change {
  return {
    number,
    title: `Change ${number}`,
    state: 'open',
    draft: false,
    author: 'stranger',
    url: `https://git.example.org/acme/app/pull/${number}`,
    head: { repo: 'stranger/app', branch: 'main', sha },
    base: { repo: 'acme/app', branch: 'main', sha: undefined },
    internal: false,
    ...more,
  };
}

export function account(login: string, bot = false) {
  return { login, bot };
}
