import { createHash, randomUUID } from 'node:crypto';
import { appendFile } from 'node:fs/promises';
import type { ObjectFormat, Oid, RefName } from '../../src/core/model/ref.ts';
import { fixedDate, fixedIdentity, git, runGit } from './run-git.ts';

export { type GitResult, git, isolatedGitEnv, runGit } from './run-git.ts';

export interface BareRepoOptions {
  readonly objectFormat?: ObjectFormat;
  /** `uploadpack.allowFilter`, as hosted forges have it; default true. Without it git only warns and sends everything. */
  readonly allowFilter?: boolean;
  /** `receive.hideRefs=refs/pull` and the like, as GitHub does: the heads are not advertised to a push. Default false. */
  readonly hidePullRefs?: boolean;
  /** Further settings: `{ 'receive.denyDeletes': 'true' }`. */
  readonly config?: Readonly<Record<string, string>>;
}

/** A new bare repository with HEAD on `main` that accepts pushes over HTTP. Returns `dir`. */
export async function makeBareRepo(dir: string, options: BareRepoOptions = {}): Promise<string> {
  const format = options.objectFormat ?? 'sha1';
  await git(['init', '-q', '--bare', '--template=', '--initial-branch=main', `--object-format=${format}`, '--', dir]);
  const settings: [string, string][] = [
    ['http.receivepack', 'true'],
    ['uploadpack.allowFilter', String(options.allowFilter ?? true)],
    // Background maintenance would race with the removal of the temporary directory.
    ['gc.auto', '0'],
    ['receive.autogc', 'false'],
    ...(options.hidePullRefs === true ? hiddenPrefixes.map((p): [string, string] => ['receive.hideRefs', p]) : []),
    ...Object.entries(options.config ?? {}),
  ];
  await appendFile(`${dir}/config`, settings.map(configLine).join(''));
  return dir;
}

const hiddenPrefixes = ['refs/pull', 'refs/merge-requests', 'refs/pull-requests'];

/** Appending to the file saves one child process per setting. */
function configLine([key, value]: readonly [string, string]): string {
  const parts = /^([^.]+)\.(?:(.+)\.)?([^.]+)$/.exec(key);
  if (parts === null) throw new Error(`not a git setting: ${key}`);
  const [, section, subsection, name] = parts;
  const head = subsection === undefined ? section : `${section} "${subsection.replace(/["\\]/g, '\\$&')}"`;
  return `[${head}]\n\t${name} = "${value.replace(/["\\]/g, '\\$&')}"\n`;
}

export interface CommitOptions {
  readonly parent?: Oid;
  /** Instead of `parent` for merges. Without either the commit is a root. */
  readonly parents?: readonly Oid[];
  /** Changes on top of the first parent's tree, by path (no line ends in it); null deletes the path. */
  readonly files?: Readonly<Record<string, string | Uint8Array | null>>;
  readonly message: string;
  /** Moved to the new commit, forced. Without it the commit is unreachable until `setRef`. */
  readonly ref?: RefName;
  /** Seconds since the epoch, for author and committer. */
  readonly date?: number;
}

/** Writes one commit without a work tree. The same options always give the same object id. */
export async function commit(repo: string, options: CommitOptions): Promise<Oid> {
  const parents = options.parents ?? (options.parent === undefined ? [] : [options.parent]);
  return importHistory(repo, options.ref, [{ ...options, parents }]);
}

interface ImportedCommit extends CommitOptions {
  readonly parents: readonly string[];
}

async function importHistory(repo: string, ref: RefName | undefined, commits: Iterable<ImportedCommit>): Promise<Oid> {
  // fast-import updates a ref in any case; a commit that shall have none goes through one of its own.
  const target = ref ?? `refs/sluice-test/${randomUUID()}`;
  const input = importStream(target, commits);
  const oid = await git(['--git-dir', repo, 'fast-import', '--quiet', '--force', '--date-format=raw'], { input });
  if (ref === undefined) await deleteRef(repo, target);
  return oid;
}

/** All commits are made on one ref; only the last one's id is printed. Mark n is the n-th commit. */
function* importStream(ref: RefName, commits: Iterable<ImportedCommit>): Generator<string | Uint8Array> {
  let mark = 0;
  for (const one of commits) {
    mark += 1;
    const person = `${fixedIdentity.name} <${fixedIdentity.email}> ${one.date ?? fixedDate} +0000`;
    yield `commit ${ref}\nmark :${mark}\nauthor ${person}\ncommitter ${person}\n`;
    yield `data ${Buffer.byteLength(one.message)}\n${one.message}\n`;
    for (const [at, parent] of one.parents.entries()) yield `${at === 0 ? 'from' : 'merge'} ${parent}\n`;
    for (const [path, content] of Object.entries(one.files ?? {})) yield* fileChange(path, content);
    yield '\n';
  }
  yield `get-mark :${mark}\n`;
}

function* fileChange(path: string, content: string | Uint8Array | null): Generator<string | Uint8Array> {
  if (content === null) {
    yield `D ${path}\n`;
    return;
  }
  yield `M 100644 inline ${path}\ndata ${Buffer.byteLength(content)}\n`;
  yield content;
  yield '\n';
}

export interface BulkHistoryOptions {
  readonly commits: number;
  readonly filesPerCommit: number;
  /** Short branch name. */
  readonly branch: string;
  /** Bytes of each file, at most a few MB; default 200. The text is pseudo-random hex: it compresses to about half. */
  readonly bytesPerFile?: number;
  /** Continues this history instead of starting a new one. */
  readonly parent?: Oid;
}

/**
 * A long history in one pack, through one stream: each commit adds `filesPerCommit` files of 64 directories in turn, so it
 * makes about `filesPerCommit` blobs and as many trees (at most 64, and the root), and one commit a minute. Returns the tip.
 */
export async function bulkHistory(repo: string, options: BulkHistoryOptions): Promise<Oid> {
  return importHistory(repo, `refs/heads/${options.branch}`, bulkCommits(options));
}

function* bulkCommits(options: BulkHistoryOptions): Generator<ImportedCommit> {
  const { branch, bytesPerFile = 200, filesPerCommit, parent } = options;
  for (let n = 0; n < options.commits; n += 1) {
    const files: Record<string, string> = {};
    for (let k = 0; k < filesPerCommit; k += 1) {
      const at = n * filesPerCommit + k;
      files[`d${at % 64}/f${at}.txt`] = noise(`${branch}:${at}`, bytesPerFile);
    }
    const parents = n > 0 ? [`:${n}`] : parent === undefined ? [] : [parent];
    yield { parents, files, message: `bulk ${branch} ${n}`, date: fixedDate + n * 60 };
  }
}

function noise(seed: string, bytes: number): string {
  const hash = createHash('shake256', { outputLength: Math.ceil(bytes / 2) });
  return hash.update(seed).digest('hex').slice(0, bytes);
}

export type ChangeRefStyle = 'github' | 'gitea' | 'gitlab' | 'bitbucket-datacenter';

/** Where a forge shows the head of change request N to git. Bitbucket Cloud shows it nowhere. */
export function changeRef(style: ChangeRefStyle, number: number): RefName {
  if (style === 'gitlab') return `refs/merge-requests/${number}/head`;
  if (style === 'bitbucket-datacenter') return `refs/pull-requests/${number}/from`;
  return `refs/pull/${number}/head`;
}

export interface AddChangeOptions {
  /** Default 1. */
  readonly commitsAhead?: number;
  /** Where the change branched off: any revision, for example `refs/heads/main` or `main~5`. */
  readonly from: string;
  /** Default `github`. */
  readonly style?: ChangeRefStyle;
}

/** Writes the head of a change request that is `commitsAhead` commits (one file each) ahead of `from`. */
export async function addChange(
  repo: string,
  number: number,
  options: AddChangeOptions,
): Promise<{ readonly ref: RefName; readonly oid: Oid }> {
  const { commitsAhead = 1, style = 'github' } = options;
  if (commitsAhead < 1) throw new Error('a change request has at least one commit');
  const ref = changeRef(style, number);
  const base = await resolve(repo, options.from);
  const commits = Array.from({ length: commitsAhead }, (_, at): ImportedCommit => {
    const files = { [`changes/${number}-${at}.txt`]: `change ${number}, commit ${at}\n` };
    return { parents: [at === 0 ? base : `:${at}`], files, message: `change ${number} commit ${at}` };
  });
  return { ref, oid: await importHistory(repo, ref, commits) };
}

/** The commit that a revision names. */
export async function resolve(repo: string, revision: string): Promise<Oid> {
  return git(['--git-dir', repo, 'rev-parse', '--verify', '--end-of-options', `${revision}^{commit}`]);
}

export async function setRef(repo: string, name: RefName, oid: Oid): Promise<void> {
  await setRefs(repo, [[name, oid]]);
}

/** Creates or moves any number of refs in one transaction. */
export async function setRefs(repo: string, entries: Iterable<readonly [RefName, Oid]>): Promise<void> {
  const input = Array.from(entries, ([name, oid]) => `update ${name}\0${oid}\0\0`).join('');
  await git(['--git-dir', repo, 'update-ref', '--stdin', '-z'], { input });
}

export async function deleteRef(repo: string, name: RefName): Promise<void> {
  await git(['--git-dir', repo, 'update-ref', '-d', name]);
}

/** Every ref by its full name, also those hidden from clients; symbolic HEAD is not among them. */
export async function refs(repo: string): Promise<Map<RefName, Oid>> {
  const lines = await git(['--git-dir', repo, 'for-each-ref', '--format=%(objectname) %(refname)']);
  const pairs = lines.split('\n').filter((line) => line !== '');
  return new Map(pairs.map((line) => [line.slice(line.indexOf(' ') + 1), line.slice(0, line.indexOf(' '))]));
}

/** Number of commits reachable from a revision. */
export async function revCount(repo: string, revision: string): Promise<number> {
  return Number(await git(['--git-dir', repo, 'rev-list', '--count', '--end-of-options', revision]));
}

export async function isShallow(repo: string): Promise<boolean> {
  return (await git(['--git-dir', repo, 'rev-parse', '--is-shallow-repository'])) === 'true';
}

/** Ids of objects that are reachable from a ref but absent; empty when the repository is whole. */
export async function missingObjects(repo: string): Promise<Oid[]> {
  const { status, stdout, stderr } = await runGit(['--git-dir', repo, 'fsck', '--connectivity-only', '--no-dangling']);
  const found = [...`${stdout}${stderr}`.matchAll(/(?:^missing \w+|invalid sha1 pointer) ([0-9a-f]{40,64})$/gm)];
  if (found.length === 0 && status !== 0) throw new Error(`git fsck of ${repo} ended with ${status}: ${stderr}`);
  return [...new Set(found.map(([, oid]) => oid ?? ''))];
}
