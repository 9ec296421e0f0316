import { SluiceError } from '../errors.ts';
import { type ObjectFormat, type Oid, shortOid } from '../model/ref.ts';
import { type BareRepository, bareRepository, withThrowAwayRepository } from './bare.ts';
import type { Endpoint } from './endpoint.ts';
import { lastWords } from './failure.ts';
import { type Authorship, plumb, runPlumbing } from './plumbing.ts';
import { publishedText } from './published-text.ts';
import type { GitContext } from './remote.ts';
import { fetchSpot, pushSpot, type RemoteSpot, refusalError, requireRefName } from './single-ref.ts';
import { claimedParent, defaultResultPath, resultCommitParent, resultTrailer, testedCommit } from './tested-commit.ts';

export interface ResultCommitRequest extends Authorship {
  readonly format: ObjectFormat;
  /** Short branch name. */
  readonly branch: string;
  /** The commit that was tested, on top of which the result goes. */
  readonly parent: Oid;
  /** Of the file that holds the result; default `ci/result`. */
  readonly path?: string;
  /** The whole file; cut at 64 KB, without control characters and known secrets (`publishedText`). */
  readonly content: string;
  /** The trailer that makes the commit known as sluice's own is put below it (`resultTrailer`). */
  readonly message: string;
}

/** `moved`: the branch is no longer at `parent` (undefined: it is gone), and nothing was pushed. `unchanged`: the file says so already. */
export type ResultCommitOutcome =
  | { readonly kind: 'pushed'; readonly commit: Oid }
  | { readonly kind: 'moved'; readonly now: Oid | undefined }
  | { readonly kind: 'unchanged' };

/**
 * Puts a commit that changes nothing but the result's file on top of exactly `parent` on the remote's branch, pyci's way. Nothing is
 * forced, and only the new objects are uploaded. Sending it again, after an answer that was lost, finds the commit of the first time.
 * Throws SluiceError `denied` with the remote's words, and `config` when the path cannot be a file in this tree.
 */
export async function pushResultCommit(
  context: GitContext,
  endpoint: Endpoint,
  request: ResultCommitRequest,
): Promise<ResultCommitOutcome> {
  const { format, branch, parent, path = defaultResultPath } = request;
  const purpose = `commit the result of ${shortOid(parent)} to ${branch} of ${endpoint.display}`;
  const ref = `refs/heads/${branch}`;
  requireRefName(purpose, ref);
  const spot = { context, endpoint, format, ref };
  return await withThrowAwayRepository(context, format, async (repository) => {
    const scene = { spot, repository, purpose, path, parent };
    const blob = await hashBlob(scene, request.content);
    const before = await observe(scene, blob);
    if (before !== undefined) return before;
    const commit = await writeCommit(scene, request, blob);
    if (commit === undefined) return { kind: 'unchanged' };
    const refusal = await pushSpot(spot, repository, { old: parent, new: commit });
    if (refusal === undefined) return { kind: 'pushed', commit };
    const after = await observe(scene, blob);
    if (after !== undefined) return after;
    throw refusalError(purpose, refusal);
  });
}

interface Scene {
  readonly spot: RemoteSpot;
  readonly repository: BareRepository;
  readonly purpose: string;
  readonly path: string;
  readonly parent: Oid;
}

const tip = 'refs/sluice/tip';

/** Where the branch is, if it is not at the parent (undefined). */
async function observe(scene: Scene, blob: Oid): Promise<ResultCommitOutcome | undefined> {
  const { spot, repository, parent } = scene;
  const now = await fetchSpot(spot, repository, { into: tip, depth: 1 });
  if (now === parent) return undefined;
  if (now !== undefined && (await isThisResult(scene, now, blob))) return { kind: 'pushed', commit: now };
  return { kind: 'moved', now };
}

/** Whether the commit records the very same result of the very same commit: ours, of an attempt whose answer was lost. */
async function isThisResult({ spot, repository, path, parent }: Scene, commit: Oid, blob: Oid): Promise<boolean> {
  if ((await claimedParent(repository, commit)) !== parent) return false;
  if ((await fetchSpot(spot, repository, { into: tip, depth: 2 })) !== commit) return false;
  if ((await resultCommitParent(repository, commit, path)) !== parent) return false;
  return (await repository.git('rev-parse', `${commit}:${path}`)).trim() === blob;
}

async function hashBlob({ spot, repository, purpose }: Scene, content: string): Promise<Oid> {
  const args = ['hash-object', '-w', '--stdin'];
  return await plumb(spot.context, repository, { args, stdin: publishedText(content), purpose });
}

/** Through the index of the throw-away repository, which has no files; undefined when the tree stays as it is. */
async function writeCommit(scene: Scene, request: ResultCommitRequest, blob: Oid): Promise<Oid | undefined> {
  const { spot, repository, purpose, path, parent } = scene;
  const git = (...args: readonly string[]) => plumb(spot.context, repository, { args, purpose });
  await git('read-tree', parent);
  const entry = ['update-index', '--add', '--cacheinfo', `100644,${blob},${path}`];
  const added = await runPlumbing(spot.context, repository, { args: entry, purpose });
  // git also refuses to replace a directory by a file here, or a file by a directory: they are somebody's.
  if (added.status !== 0) throw unfitPath(purpose, path, added.stderr);
  // Without its check that all objects are there: only trees were fetched.
  const tree = await git('write-tree', '--missing-ok');
  if (tree === (await git('rev-parse', `${parent}^{tree}`))) return undefined;
  const stdin = `${publishedText(request.message)}\n${resultTrailer(parent)}\n`.trimStart();
  const args = ['commit-tree', '-p', parent, '-F', '-', tree];
  return await plumb(spot.context, repository, { args, stdin, by: request, purpose });
}

/**
 * Whether a checkout's HEAD does nothing but record the result of a commit that `wasTested` knows, so that there is nothing to run.
 * Without that question every result commit counts, but then a watcher may miss a commit: it and its result, put there by another
 * watcher, may both arrive between two polls, or the result may supersede the run of the commit while it is queued.
 */
export async function isResultCommit(
  context: GitContext,
  checkout: string,
  wasTested: (commit: Oid) => boolean = () => true,
): Promise<boolean> {
  const repository = bareRepository(context, checkout);
  const head = (await repository.git('rev-parse', '--verify', 'HEAD')).trim();
  const tested = await testedCommit(repository, head);
  return tested !== head && wasTested(tested);
}

function unfitPath(purpose: string, path: string, stderr: string): SluiceError {
  return new SluiceError('config', `${purpose}: ${JSON.stringify(path)} cannot be a file there: ${lastWords(stderr)}`, {
    hint: 'Choose another path, or another kind of result (--result notes needs no file).',
  });
}
