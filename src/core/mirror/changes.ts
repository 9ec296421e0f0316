import { SluiceError } from '../errors.ts';
import type { CallOptions, ChangesRole, Forge } from '../forges/forge.ts';
import type { Endpoint } from '../git/endpoint.ts';
import type { Advertisement } from '../git/ls-remote.ts';
import type { Change } from '../model/change.ts';
import type { Oid, RefName } from '../model/ref.ts';
import type { SelectedRef } from './select.ts';

/** Lists the refs of an endpoint whose names begin with one of the prefixes; more may come back, callers filter. */
export type ListRefs = (endpoint: Endpoint, prefixes: readonly RefName[]) => Promise<Advertisement>;

export interface ChangesAsked {
  /** `--prs`. */
  readonly all: boolean;
  readonly includeInternal: boolean;
  /** `--pr N` whose facts are needed: for `{head.…}` in the template, or to see whether N was closed (`--prune`). */
  readonly each: readonly number[];
}

export interface ChangesFound {
  readonly open: readonly Change[];
  readonly byNumber: ReadonlyMap<number, Change>;
}

/** Asks the forge's API for what a selection needs; nothing when it needs nothing. */
export async function askForChanges(from: Endpoint, asked: ChangesAsked, call: CallOptions): Promise<ChangesFound> {
  const byNumber = new Map<number, Change>();
  for (const number of asked.each) {
    const { role, repo } = changesRole(from, `change request ${number}`);
    const change = await role.find(repo, number, call);
    if (change !== undefined) byNumber.set(number, change);
  }
  if (!asked.all) return { open: [], byNumber };
  const { role, repo } = changesRole(from, '--prs');
  const listed = await role.listOpen(repo, call);
  return { open: listed.filter((change) => asked.includeInternal || !change.internal), byNumber };
}

const askedAtOnce = 8;

/**
 * Those of the numbers that the forge, asked one by one, calls open. A listing can miss one: when an earlier change request closes
 * between two pages, the first of the next page moves to the page before. Nothing is deleted because of that.
 */
export async function stillOpen(
  from: Endpoint,
  numbers: readonly number[],
  call: CallOptions,
): Promise<ReadonlySet<number>> {
  const { role, repo } = changesRole(from, '--prune');
  const open = new Set<number>();
  for (let at = 0; at < numbers.length; at += askedAtOnce) {
    const found = await Promise.all(numbers.slice(at, at + askedAtOnce).map((number) => role.find(repo, number, call)));
    for (const change of found) if (change?.state === 'open') open.add(change.number);
  }
  return open;
}

interface ChangesAccess {
  readonly role: ChangesRole;
  readonly forge: Forge;
  readonly repo: string;
}

/** The role that lists change requests, or an error that names what is missing. */
function changesRole({ forge, repo, display }: Endpoint, why: string): ChangesAccess {
  if (forge === undefined || repo === undefined) {
    throw new SluiceError(
      'usage',
      `${why} needs the API of a forge, and ${display} belongs to none that is configured`,
      {
        hint: 'Name the forge in sluice.yaml, for example  forges: { int: { type: github, url: "https://ghe.example.org", token: { env: GHE_TOKEN } } }',
      },
    );
  }
  if (forge.changes !== undefined) return { role: forge.changes, forge, repo };
  throw new SluiceError('usage', `${why}: the forge ${forge.alias} (${forge.type}) cannot list change requests`);
}

/** Finds the head of each change request: among the source's refs, or in the fork where the forge keeps no such refs. */
export async function locateHeads(
  changes: readonly Change[],
  from: Endpoint,
  sourceRefs: ReadonlyMap<RefName, Oid>,
  list: ListRefs,
): Promise<readonly SelectedRef[]> {
  if (changes.length === 0) return [];
  const { role, forge, repo } = changesRole(from, '--prs');
  const listings = new Map<string, Promise<ReadonlyMap<RefName, Oid> | undefined>>();
  const refsOf = (path: string, ref: RefName) => {
    if (path === repo && sourceRefs.has(ref)) return Promise.resolve(sourceRefs);
    const endpoint = path === repo ? from : (forkEndpoint(from, path) ?? from);
    const prefix = refFamily(ref);
    const key = `${path} ${prefix}`;
    const known = listings.get(key) ?? listIfVisible(endpoint, prefix, list);
    listings.set(key, known);
    return known;
  };
  const selected: SelectedRef[] = [];
  for (const change of changes) {
    const at = role.headLocation(repo, change);
    const oid = at === undefined ? undefined : (await refsOf(at.repo, at.ref))?.get(at.ref);
    const ref = {
      kind: 'change',
      name: at?.ref ?? `${forge.words.sigil}${change.number}`,
      number: change.number,
      change,
    } as const;
    const elsewhere = at === undefined || at.repo === repo ? {} : { repo: at.repo };
    selected.push({
      ...ref,
      oid,
      ...elsewhere,
      ...(oid === undefined ? { problem: unreadable(forge, change, at) } : {}),
    });
  }
  return selected;
}

function unreadable(
  { words }: Forge,
  change: Change,
  at: { readonly repo: string; readonly ref: RefName } | undefined,
): string {
  const place = at === undefined ? 'the repository of its head is gone' : `${at.ref} cannot be read in ${at.repo}`;
  return `${words.change} ${words.sigil}${change.number} is open, but ${place}`;
}

/** `refs/heads/` of `refs/heads/a/b`: heads of one repository are listed together. */
function refFamily(ref: RefName): RefName {
  return ref.split('/').slice(0, 2).join('/').concat('/');
}

async function listIfVisible(
  endpoint: Endpoint,
  prefix: RefName,
  list: ListRefs,
): Promise<ReadonlyMap<RefName, Oid> | undefined> {
  try {
    return refMap(await list(endpoint, [prefix]));
  } catch (error) {
    // One fork that is gone or private must not keep the others from being mirrored.
    if (error instanceof SluiceError && (error.code === 'not-found' || error.code === 'denied')) return undefined;
    throw error;
  }
}

/** Another repository of the source's forge, with the alias's credential for it. */
export function forkEndpoint({ forge }: Pick<Endpoint, 'forge'>, path: string): Endpoint | undefined {
  if (forge === undefined) return undefined;
  return {
    url: forge.cloneUrl(path),
    display: `${forge.alias}:${path}`,
    transport: 'http',
    forge,
    repo: path,
    credential: (call) => forge.gitCredential(path, call),
  };
}

export function refMap(advertisement: Advertisement): ReadonlyMap<RefName, Oid> {
  return new Map(advertisement.refs.map((ref) => [ref.name, ref.oid]));
}
