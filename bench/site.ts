import { copyFile, link, mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { git, isShallow, makeBareRepo, missingObjects, runGit } from '../test/support/git-repo.ts';
import { makeRepository } from './fixture.ts';

/** What stands at the destination before a run. */
export type Destination = 'same' | 'main-only' | 'mirrored';

/** The repositories of one bench: masters that are never touched, and copies of them that a run may change. */
export interface Site {
  /** Below it are the copies: `source.git`, `destination.git`. */
  readonly served: string;
  /** Short name of the branch that change requests aim at. */
  readonly main: string;
  readonly change: ChangeHead;
  /** All heads of change requests there are. */
  readonly changes: readonly ChangeHead[];
  readonly mainOid: string;
  /** How large it is, in words. */
  readonly size: string;
  reset(destination: Destination): Promise<void>;
  /** What is wrong with the destination: undefined when each change request is at its branch and nothing is shallow. */
  problem(destination: Destination, heads: readonly ChangeHead[], thorough: boolean): Promise<string | undefined>;
}

export interface ChangeHead {
  readonly number: number;
  readonly oid: string;
}

export interface SiteOptions {
  /** Instead of a repository of our own; only read. */
  readonly repo?: string | undefined;
  /** The change request of the tasks that move one. */
  readonly number?: number | undefined;
}

export async function makeSite(root: string, options: SiteOptions): Promise<Site> {
  const master = join(root, 'master.git');
  if (options.repo === undefined) await makeRepository(master);
  else await git(['clone', '--quiet', '--mirror', '--template=', options.repo, master]);
  await setServerOptions(master);
  const main = await git(['--git-dir', master, 'symbolic-ref', '--short', 'HEAD']);
  const mainOid = await git(['--git-dir', master, 'rev-parse', main]);
  const changes = await changeHeads(master);
  const change = await pickChange(master, main, changes, options.number);

  const mainOnly = join(root, 'main-only.git');
  await makeBareRepo(mainOnly);
  await git([
    '--git-dir',
    mainOnly,
    'fetch',
    '--quiet',
    '--no-tags',
    `file://${master}`,
    `refs/heads/${main}:refs/heads/${main}`,
  ]);
  await setServerOptions(mainOnly);
  const mirrored = join(root, 'mirrored.git');
  await copyRepository(mainOnly, mirrored);
  await git(['--git-dir', mirrored, 'fetch', '--quiet', `file://${master}`, `${headRef(change)}:${branchRef(change)}`]);

  const served = join(root, 'served');
  const source = join(served, 'source.git');
  const target = join(served, 'destination.git');
  let absentBefore: ReadonlySet<string> | undefined;
  const repositoryOf = (destination: Destination) => (destination === 'same' ? source : target);
  return {
    served,
    main,
    mainOid,
    change,
    changes,
    size: await sizeText(master),
    async reset(destination) {
      await rm(served, { recursive: true, force: true });
      await copyRepository(master, source);
      if (destination !== 'same') await copyRepository(destination === 'mirrored' ? mirrored : mainOnly, target);
    },
    async problem(destination, heads, thorough) {
      const repository = repositoryOf(destination);
      if (await isShallow(repository)) return 'the destination is shallow';
      const list = await runGit([
        '--git-dir',
        repository,
        'for-each-ref',
        '--format=%(objectname) %(refname)',
        'refs/heads/pr/',
      ]);
      const there = new Set(list.stdout.split('\n'));
      const absent = heads.filter((head) => !there.has(`${head.oid} ${branchRef(head)}`));
      if (absent.length > 0) return `${absent.length} of ${heads.length} refs are not there`;
      if (!thorough) return undefined;
      // A given repository may be broken from the start.
      absentBefore ??= new Set(await missingObjects(master));
      const lost = (await missingObjects(repository)).filter((oid) => absentBefore?.has(oid) !== true);
      if (lost.length > 0) return `${lost.length} objects are missing`;
      return undefined;
    },
  };
}

export function headRef({ number }: ChangeHead): string {
  return `refs/pull/${number}/head`;
}

export function branchRef({ number }: ChangeHead): string {
  return `refs/heads/pr/${number}`;
}

/** A forge: filters are allowed, heads of change requests are not shown to pushers, as on hosted ones. */
async function setServerOptions(repository: string): Promise<void> {
  const settings = [
    ['uploadpack.allowFilter', 'true'],
    ['receive.hideRefs', 'refs/pull'],
    ['http.receivepack', 'true'],
    ['gc.auto', '0'],
    ['receive.autogc', 'false'],
  ] as const;
  for (const [key, value] of settings) await git(['--git-dir', repository, 'config', key, value]);
}

async function sizeText(repository: string): Promise<string> {
  const counted = await git(['--git-dir', repository, 'count-objects', '-v']);
  const figure = (key: string) => Number(new RegExp(`^${key}: (\\d+)$`, 'm').exec(counted)?.[1]);
  const megabytes = Math.round((figure('size') + figure('size-pack')) / 1000);
  return `${figure('count') + figure('in-pack')} objects, ${megabytes} MB`;
}

async function changeHeads(repository: string): Promise<readonly ChangeHead[]> {
  const list = await git([
    '--git-dir',
    repository,
    'for-each-ref',
    '--format=%(objectname) %(refname)',
    'refs/pull/*/head',
  ]);
  const found = [...list.matchAll(/^(\S+) refs\/pull\/(\d+)\/head$/gm)];
  if (found.length === 0) throw new Error('the repository has no refs/pull/N/head');
  return found.map(([, oid = '', number]) => ({ oid, number: Number(number) }));
}

/** The newest one with 1 to 15 commits of its own, or the one that was asked for. */
async function pickChange(
  repository: string,
  main: string,
  changes: readonly ChangeHead[],
  number: number | undefined,
): Promise<ChangeHead> {
  const candidates =
    number === undefined
      ? changes.toSorted((a, b) => b.number - a.number)
      : changes.filter((head) => head.number === number);
  for (const head of candidates) {
    const count = Number(await git(['--git-dir', repository, 'rev-list', '--count', `${main}..${head.oid}`]));
    if (number !== undefined || (count >= 1 && count <= 15)) return head;
  }
  throw new Error(
    number === undefined ? 'no change request has 1 to 15 commits' : `there is no refs/pull/${number}/head`,
  );
}

/** Objects are linked, because git never changes one in place; everything else is copied. */
export async function copyRepository(from: string, to: string): Promise<void> {
  await copyTree(from, to, false);
}

async function copyTree(from: string, to: string, linked: boolean): Promise<void> {
  await mkdir(to, { recursive: true });
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) await copyTree(source, target, linked || entry.name === 'objects');
    else if (linked) await link(source, target);
    else await copyFile(source, target);
  }
}
