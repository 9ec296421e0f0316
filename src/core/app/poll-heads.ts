import { SluiceError, toSluiceError } from '../errors.ts';
import type { CallOptions, ChangesRole, Forge } from '../forges/forge.ts';
import type { Endpoint } from '../git/endpoint.ts';
import { forkEndpoint } from '../mirror/changes.ts';
import type { Change } from '../model/change.ts';
import type { Oid, RefName, RemoteRef } from '../model/ref.ts';

/** A repository whose forge lists change requests. */
export interface ChangesOfForge {
  readonly forge: Forge;
  readonly changes: ChangesRole;
  readonly repo: string;
}

/** The role that lists change requests; throws SluiceError `usage` where there is none. */
export function requireChanges({ forge, repo, display }: Endpoint): ChangesOfForge {
  if (forge?.changes !== undefined && repo !== undefined) return { forge, changes: forge.changes, repo };
  throw new SluiceError(
    'usage',
    `--prs needs the API of a forge, and ${display} belongs to none that can list change requests`,
    { hint: 'Name the forge in sluice.yaml (forges:), and write the repository as alias:owner/name.' },
  );
}

const ownNames = 'refs/sluice/changes/';

/** Whether git has no ref of this name: sluice made it up for a change request whose head is only a branch (Bitbucket Cloud). */
export function isMadeUp(ref: RefName): boolean {
  return ref.startsWith(ownNames);
}

/**
 * The name under which the head is watched: the forge's own ref for it, else one of ours. A branch's own name would not do, because the
 * branch is watched for itself, and a fork's branch may be called like one of the repository's.
 */
export function watchedName({ changes, repo }: ChangesOfForge, change: Change): RefName {
  const at = changes.headLocation(repo, change);
  const kept = at !== undefined && at.repo === repo && !at.ref.startsWith('refs/heads/');
  return kept ? at.ref : `${ownNames}${change.number}`;
}

export type ListBranch = (endpoint: Endpoint, ref: RefName, signal: AbortSignal) => Promise<readonly RemoteRef[]>;

/** Where a head is now, or why that cannot be said. `error` is undefined when nobody needs to hear of it again and again. */
export type LocatedHead =
  | { readonly oid: Oid }
  | { readonly oid: undefined; readonly problem: string; readonly error: SluiceError | undefined };

/** The head's full object id: from the listing where it has it, else from the branch it was made from. */
export async function locateHead(
  on: ChangesOfForge,
  change: Change,
  list: ListBranch,
  { signal }: Required<CallOptions>,
): Promise<LocatedHead> {
  if (change.head.sha !== undefined && !isMadeUp(watchedName(on, change))) return { oid: change.head.sha };
  const at = branchOf(on, change);
  if (at === undefined) return { oid: undefined, problem: 'the repository of its head is gone', error: undefined };
  try {
    const refs = await list(at.endpoint, at.ref, signal);
    const oid = refs.find(({ name }) => name === at.ref)?.oid;
    return oid === undefined ? { oid, problem: `${at.endpoint.display} has no ${at.ref}`, error: undefined } : { oid };
  } catch (thrown) {
    const error = toSluiceError(thrown);
    // A fork that is private or gone is not this repository's fault, and does not pass.
    const lasting = error.code === 'not-found' || error.code === 'denied';
    return { oid: undefined, problem: error.message, error: lasting ? undefined : error };
  }
}

/** Where the commit of a head with a made-up name is fetched from; throws SluiceError `not-found` when that place is gone. */
export async function fetchPlace(
  endpoint: Endpoint,
  number: number,
  call: CallOptions,
): Promise<{ readonly endpoint: Endpoint; readonly ref: RefName }> {
  const on = requireChanges(endpoint);
  const change = await on.changes.find(on.repo, number, call);
  const at = change === undefined ? undefined : branchOf(on, change);
  if (at !== undefined) return at;
  const { words, alias } = on.forge;
  throw new SluiceError(
    'not-found',
    `${words.change} ${words.sigil}${number} of ${alias}:${on.repo} has no head any more`,
    {
      hint: 'Its repository or branch was deleted.',
    },
  );
}

function branchOf({ forge, changes, repo }: ChangesOfForge, change: Change) {
  const at = changes.headLocation(repo, change);
  const endpoint = at === undefined ? undefined : forkEndpoint({ forge }, at.repo);
  return at === undefined || endpoint === undefined ? undefined : { endpoint, ref: at.ref };
}
