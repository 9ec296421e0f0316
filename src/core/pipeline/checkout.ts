import { createHash } from 'node:crypto';
import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ErrorCode, SluiceError } from '../errors.ts';
import type { BareRepository } from '../git/bare.ts';
import type { Endpoint } from '../git/endpoint.ts';
import type { GitCall, GitResult } from '../git/run.ts';
import { type ObjectFormat, type Oid, objectFormatOf, type RefName, shortName, shortOid } from '../model/ref.ts';
import { redact } from '../secret.ts';
import { snapshotObjects } from './objects.ts';
import { emptyWorkspace, type Workspace } from './workspace.ts';

/** What a checkout needs of git; `app` fills it from core/git. */
export interface CheckoutPorts {
  /** Runs `work` alone with the kept bare repository of this remote (`withHistory`). */
  readonly withHistory: <T>(
    from: Endpoint,
    format: ObjectFormat,
    work: (repository: BareRepository) => Promise<T>,
  ) => Promise<T>;
  /** Throws it away: the next one makes it anew (`discardHistory`). */
  readonly discard: (from: Endpoint, format: ObjectFormat) => Promise<void>;
  /** One fetch into it (`fetchInto`). */
  readonly fetch: (
    repository: BareRepository,
    from: Endpoint,
    options: { readonly refspecs: readonly string[] },
  ) => Promise<unknown>;
  /** One git with this remote's credential (`runRemote`); a status other than 0 is a result. */
  readonly git: (from: Endpoint, call: Pick<GitCall, 'args' | 'cwd' | 'purpose'>) => Promise<GitResult>;
}

export interface CheckoutRequest {
  readonly from: Endpoint;
  readonly ref: RefName;
  /** What the ref pointed to when it was seen: a commit or an annotated tag. */
  readonly oid: Oid;
  /** Also fetch submodules, recursively, from http, https and ssh URLs only. Default false. */
  readonly submodules?: boolean;
  /** Also fetch the contents of files that Git LFS keeps elsewhere; needs git-lfs. Default false: its pointer files. */
  readonly lfs?: boolean;
}

/** No hook of the user's own (global core.hooksPath) runs in a checkout that strangers' commits fill. */
const quiet = ['-c', 'core.hooksPath=/dev/null', '-c', 'advice.detachedHead=false'];

/** As `git lfs smudge --skip`, and also where git-lfs is set up but broken. */
const withoutLfs = ['filter.lfs.process=', 'filter.lfs.smudge=', 'filter.lfs.required=false'].flatMap((s) => ['-c', s]);

/** As `git lfs install` configures it: without, git leaves the pointer files and says nothing. */
const withLfs = [
  'filter.lfs.process=git-lfs filter-process',
  'filter.lfs.smudge=git-lfs smudge -- %f',
  'filter.lfs.required=true',
].flatMap((setting) => ['-c', setting]);

/** A .gitmodules of a stranger may name a path of this machine, or `ext::sh -c …` (git-config(1), protocol.allow). */
const networkOnly = [
  'protocol.allow=never',
  'protocol.http.allow=always',
  'protocol.https.allow=always',
  'protocol.ssh.allow=always',
].flatMap((setting) => ['-c', setting]);

/**
 * Fills `workspace.checkout` with exactly one commit of a remote and its whole history, in a repository of its own: it borrows the
 * objects of the cache, but no configuration, ref, hook or lock, so a script may run `git config`, `git gc` or `rm -rf .git` and
 * nobody else notices. (A `git worktree` shares all of these.) HEAD is detached; `origin` is the remote's URL, without a credential.
 * Returns the commit. Throws SluiceError `not-found` when the remote has lost the commit.
 */
export async function checkOut(ports: CheckoutPorts, workspace: Workspace, request: CheckoutRequest): Promise<Oid> {
  const format = objectFormatOf(request.oid);
  try {
    return await fill(ports, workspace, request, format);
  } catch (error) {
    if (!isDamage(error)) throw error;
    // A damaged cache would fail every run from now on, and holds nothing that cannot be fetched again.
    await ports.discard(request.from, format);
    await emptyWorkspace(workspace);
    return await fill(ports, workspace, request, format);
  }
}

/** git's words for a repository of this machine that is broken; those of a remote's git begin with `remote:`. */
const damage =
  /(?<!remote: )(?:fatal|error): (?:not a git repository|bad object|unable to read (?:tree|sha1 file|[0-9a-f]{7,})|loose object|object file|packfile|pack has bad object|inflate)/;

function isDamage(error: unknown): boolean {
  return error instanceof Error && damage.test(error.message);
}

async function fill(
  ports: CheckoutPorts,
  workspace: Workspace,
  request: CheckoutRequest,
  format: ObjectFormat,
): Promise<Oid> {
  await ports.withHistory(request.from, format, async (repository) => {
    await fetchCommit(ports, repository, request);
    await snapshotObjects(repository.dir, workspace.objects);
  });
  const purpose = `check out ${shortName(request.ref)} at ${shortOid(request.oid)} of ${request.from.display}`;
  const git = async (...args: readonly string[]) => {
    const result = await ports.git(request.from, { args, cwd: workspace.checkout, purpose });
    if (result.status !== 0) throw checkoutFailure(purpose, result.stderr);
    return result.stdout.toString('latin1').trim();
  };
  await makeRepository(git, workspace, request, format);
  const lfs = request.lfs ? await lfsSettings(ports, workspace, request.from) : withoutLfs;
  await git(...quiet, ...lfs, 'checkout', '--quiet', '--force', '--detach', `${request.oid}^{commit}`);
  if (request.submodules) {
    const update = ['submodule', '--quiet', 'update', '--init', '--recursive', '--force'];
    await git(...quiet, ...lfs, ...networkOnly, ...update);
  }
  return await git('rev-parse', '--verify', 'HEAD');
}

/** None where the user has configured the filter. */
async function lfsSettings(ports: CheckoutPorts, { checkout }: Workspace, from: Endpoint): Promise<readonly string[]> {
  const args = ['config', '--get-regexp', '^filter\\.lfs\\.(process|smudge)$'];
  const own = await ports.git(from, { args, cwd: checkout, purpose: 'read the configuration of git' });
  return own.status === 0 ? [] : withLfs;
}

/** How `fetch` says that the server does not give this object, among other faults; those come again in the second attempt. */
const byName: readonly ErrorCode[] = ['not-found', 'unavailable'];

/**
 * By object id, because the ref may have moved on since it was seen; by name where the server gives only what it advertises
 * (protocol v0 without uploadpack.allowAnySHA1InWant). The name in the cache is a hash: `a` and `a/b` must not collide there.
 */
async function fetchCommit(ports: CheckoutPorts, repository: BareRepository, request: CheckoutRequest): Promise<void> {
  const { from, oid, ref } = request;
  const kept = `refs/sluice/run/${createHash('sha1').update(ref).digest('hex')}`;
  // A ref is written after all that it needs has come, so this is more than `cat-file -e`.
  if ((await keptOid(repository, kept)) === oid) return;
  try {
    await ports.fetch(repository, from, { refspecs: [`+${oid}:${kept}`] });
    return;
  } catch (error) {
    if (!(error instanceof SluiceError && byName.includes(error.code))) throw error;
    await ports.fetch(repository, from, { refspecs: [`+${ref}:${kept}`] }).catch(() => {
      throw error;
    });
  }
  const reached = await repository.git('rev-list', '--ignore-missing', '--max-count=1', oid, '--').catch(() => '');
  if (reached !== '') return;
  throw new SluiceError('not-found', `${from.display} no longer has ${shortOid(oid)}, to which ${ref} pointed`, {
    hint: 'The ref was moved by force before the run began; its newer commit gets a run of its own.',
  });
}

async function keptOid(repository: BareRepository, name: RefName): Promise<string> {
  const text = await repository.git('for-each-ref', '--format=%(objectname)', name);
  return text.trim();
}

async function makeRepository(
  git: (...args: readonly string[]) => Promise<string>,
  workspace: Workspace,
  request: CheckoutRequest,
  format: ObjectFormat,
): Promise<void> {
  const { checkout, objects } = workspace;
  await git('init', '--quiet', '--template=', `--object-format=${format}`, checkout);
  const at = (name: string) => join(checkout, '.git', name);
  await writeFile(at('objects/info/alternates'), `${objects}\n`);
  // A gc in the background would outlive the script.
  await appendFile(at('config'), '[gc]\n\tauto = 0\n[maintenance]\n\tauto = false\n');
  await git('remote', 'add', '--', 'origin', request.from.url);
  const name = localName(request.ref);
  if (name !== undefined) await git('update-ref', '--', name, request.oid);
}

/** The ref as a clone would have it, so that `git describe` and `origin/main..` work on it. */
function localName(ref: RefName): RefName | undefined {
  if (ref.startsWith('refs/tags/')) return ref;
  return ref.startsWith('refs/heads/') ? ref.replace('refs/heads/', 'refs/remotes/origin/') : undefined;
}

function checkoutFailure(purpose: string, stderr: string): SluiceError {
  const lines = stderr.split(/[\r\n]+/).filter((line) => line.trim() !== '');
  const telling = lines.filter((line) => /^(?:fatal|error):/.test(line));
  const words = redact((telling.length > 0 ? telling : lines).slice(0, 3).join('; ')).slice(0, 600);
  if (/transport '.*' not allowed/.test(stderr)) {
    return new SluiceError('not-found', `${purpose}: ${words}`, {
      hint: 'Submodules are fetched from http, https and ssh URLs only.',
    });
  }
  if (/expected commit type/.test(stderr)) {
    return new SluiceError('not-found', `${purpose}: it names no commit, so there is nothing to check out`, {
      hint: 'A tag may name any object; leave this one out (--exclude).',
    });
  }
  if (/git-lfs: (?:command )?not found/.test(stderr)) {
    return new SluiceError('config', `${purpose}: ${words}`, {
      hint: 'Install git-lfs, or do without --lfs (lfs: in the configuration).',
    });
  }
  return new SluiceError('unavailable', `${purpose}: ${words || 'git failed without a message'}`, {
    hint: 'Is the disk full, or a submodule not reachable? The run can be started again.',
  });
}
