import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { SluiceError } from '../../errors.ts';
import type { Oid } from '../../model/ref.ts';
import type { BareRepository } from '../bare.ts';
import type { Endpoint } from '../endpoint.ts';
import { gitFailure, lastWords } from '../failure.ts';
import { type GitContext, runRemote } from '../remote.ts';

export interface FetchOptions {
  /** Refspecs, given on stdin so that thousands fit. */
  readonly refspecs: readonly string[];
  readonly depth?: number;
  readonly unshallow?: boolean;
  readonly filter?: 'tree:0' | 'blob:none';
  readonly prune?: boolean;
  /** Refs that end at the remote's own shallow boundary are left out instead of being an error. */
  readonly leaveShallow?: boolean;
  /** For single objects: what we have says nothing about what they need. */
  readonly withoutHaves?: boolean;
}

export interface FetchReport {
  /** False when the server ignored the filter and sent everything within the depth. */
  readonly filtered: boolean;
}

/** One `git fetch` into a repository of ours; refs are named by the caller, FETCH_HEAD and tags stay out of it. */
export async function fetchInto(
  context: GitContext,
  repository: BareRepository,
  from: Endpoint,
  options: FetchOptions,
): Promise<FetchReport> {
  const purpose = `fetch from ${from.display}`;
  const args = [
    ...['-c', 'fetch.writeCommitGraph=false', '-c', 'core.hooksPath=/dev/null'],
    ...(options.withoutHaves ? ['-c', 'fetch.negotiationAlgorithm=noop'] : []),
    ...[
      'fetch',
      '--progress',
      '--no-tags',
      '--no-auto-maintenance',
      '--no-write-fetch-head',
      '--no-recurse-submodules',
    ],
    ...(options.depth === undefined ? [] : [`--depth=${options.depth}`]),
    ...(options.unshallow ? ['--unshallow'] : []),
    ...(options.filter === undefined ? [] : [`--filter=${options.filter}`]),
    ...(options.prune ? ['--prune'] : []),
    ...['--stdin', '--', promisorUrl(from)],
  ];
  const stdin = `${options.refspecs.join('\n')}\n`;
  const result = await runRemote(context, from, { args, cwd: repository.dir, stdin, purpose });
  if (result.status !== 0) throw fetchFailure(purpose, from, result.stderr);
  // Only a warning to git, which then leaves the refs out and keeps the incomplete objects (fetch-pack.c, update_shallow).
  if (!options.leaveShallow && shallowRoots.test(result.stderr)) throw shallowSource(from);
  return { filtered: !/filtering not recognized/i.test(result.stderr) };
}

/** A filter makes the URL the name of a promisor remote, and git refuses names that begin with "/" (promisor-remote.c). */
function promisorUrl({ url }: Endpoint): string {
  return url.startsWith('/') ? pathToFileURL(url).href : url;
}

function fetchFailure(purpose: string, from: Endpoint, stderr: string): SluiceError {
  if (/not our ref|couldn't find remote ref|did not send all necessary objects/i.test(stderr)) {
    return new SluiceError('unavailable', `${purpose}: the source moved while it was read (${lastWords(stderr)})`, {
      hint: 'The run starts again from fresh refs.',
    });
  }
  if (shallowRoots.test(stderr) || /shallow (file|update)/i.test(stderr)) return shallowSource(from);
  return gitFailure(purpose, stderr);
}

const shallowRoots = /shallow roots are not allowed/i;

/** A shallow source cannot be mirrored: what it lacks, the destination would lack too. */
export function shallowSource(from: Endpoint): SluiceError {
  return new SluiceError(
    'not-found',
    `${from.display} is a shallow clone: history that it does not have cannot be mirrored`,
    {
      hint: 'Complete it with `git fetch --unshallow`, or mirror from the repository that it was cloned from.',
    },
  );
}

/** Commits at which our repository's history is cut; empty for a complete one. */
export async function shallowBoundary(repository: BareRepository): Promise<Set<Oid>> {
  const text = await readFile(join(repository.dir, 'shallow'), 'utf8').catch(() => '');
  return new Set(text.split('\n').filter((line) => line !== ''));
}
