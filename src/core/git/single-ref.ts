import { SluiceError } from '../errors.ts';
import { type ObjectFormat, type Oid, type RefName, refNameProblem } from '../model/ref.ts';
import { redact } from '../secret.ts';
import { type BareRepository, dropRemoteSettings } from './bare.ts';
import type { Endpoint } from './endpoint.ts';
import type { GitContext } from './remote.ts';
import { fetchInto } from './transfer/fetch.ts';
import { pushUpdates } from './transfer/push.ts';

/** One ref of a remote, seen and moved through a throw-away repository. */
export interface RemoteSpot {
  readonly context: GitContext;
  readonly endpoint: Endpoint;
  readonly format: ObjectFormat;
  readonly ref: RefName;
}

/** Throws SluiceError('usage') for a name that git would not take, or would take for a pattern. */
export function requireRefName(purpose: string, ref: RefName): void {
  const problem = refNameProblem(ref);
  if (problem !== undefined) throw new SluiceError('usage', `${purpose}: ${JSON.stringify(ref)} ${problem}`);
}

/**
 * Fetches the newest `depth` commits of the ref with their trees, into `into`; blobs come only where the server ignores filters.
 * Undefined when the remote has no such ref. By name, because not every server gives a commit by its id.
 */
export async function fetchSpot(
  { context, endpoint, format, ref }: RemoteSpot,
  repository: BareRepository,
  { into, depth }: { readonly into: RefName; readonly depth: number },
): Promise<Oid | undefined> {
  try {
    await fetchInto(context, repository, endpoint, { refspecs: [`+${ref}:${into}`], depth, filter: 'blob:none' });
  } catch (error) {
    // git's words, which fetchInto keeps: nothing else tells an absent ref from one that moved.
    if (error instanceof SluiceError && /couldn't find remote ref/i.test(error.message)) return undefined;
    throw error;
  }
  await dropRemoteSettings(repository, format);
  return (await repository.git('rev-parse', '--verify', into)).trim();
}

/** `contended`: another writer was there at the same time, as far as the remote's words tell. */
export interface Refusal {
  readonly words: string;
  readonly contended: boolean;
}

/**
 * Pushes one commit with a lease on the value that was seen. The lease makes sure that the old value is among the refs that the
 * remote advertises to a push, so that git leaves out all that it reaches: no negotiation is needed, and nothing else travels.
 * Undefined: it landed. A refusal is a value; a failure, such as a missing right to push at all, is thrown.
 */
export async function pushSpot(
  { context, endpoint, format, ref }: RemoteSpot,
  repository: BareRepository,
  move: { readonly old: Oid | undefined; readonly new: Oid },
): Promise<Refusal | undefined> {
  const job = {
    context,
    from: endpoint,
    to: endpoint,
    format,
    sameRepository: true,
    emptyDestination: false,
    sourceTips: new Set<Oid>(),
    updates: [{ target: ref, ...move }],
    atomic: false,
  };
  const { results, messages } = await pushUpdates(job, repository.dir, { negotiate: false });
  const [result] = results;
  if (result === undefined || result.ok) return undefined;
  const words = redact([result.reason, ...messages.slice(-4)].join('; '));
  return { words, contended: contention.test(words) };
}

// git's words on either side: the lease, the lock file of the ref, its old value.
const contention =
  /stale info|failed to update ref|cannot lock ref|reference already exists|incorrect old value|fetch first/i;

// receive-pack's own words for a fault of its machine; what else it refuses is somebody's decision.
const remoteFault = /unpacker error|unpack failed|no space left|quota exceeded|internal server error/i;

/** What a refusal means when the ref still has the value that was expected. */
export function refusalError(purpose: string, { words, contended }: Refusal): SluiceError {
  if (contended || remoteFault.test(words)) {
    return new SluiceError('unavailable', `${purpose}: ${words}`, { hint: 'The same push may succeed later.' });
  }
  return new SluiceError('denied', `${purpose}: the remote refused it: ${words}`, {
    hint: 'Give the account of sluice the right to push this ref (protected branches, hooks), or report the result another way.',
  });
}
