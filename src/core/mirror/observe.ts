import { SluiceError } from '../errors.ts';
import { sameRepository } from '../git/endpoint.ts';
import type { Advertisement } from '../git/ls-remote.ts';
import type { ObjectFormat, Oid, RefName } from '../model/ref.ts';
import { askForChanges, type ChangesFound, type ListRefs, locateHeads, refMap } from './changes.ts';
import { destinationPrefixes, sourcePrefixes } from './prefixes.ts';
import type { MirrorPorts, MirrorRequest } from './request.ts';
import { withRetries } from './retry.ts';
import { changeRefNames, type SelectedRef, selectNamed, selectNumbers, selectRefspecs } from './select.ts';
import { needsChangeFacts } from './template.ts';

/** Everything a plan is made from, read at one time. */
export interface Observed {
  readonly source: Advertisement;
  readonly destination: Advertisement;
  readonly selected: readonly SelectedRef[];
  readonly format: ObjectFormat;
  /** The destination did not exist: it was created, or would be in a dry run. */
  readonly created: boolean;
}

/** Reads both sides and the forge's API at the same time; creates the destination when it is to be created. */
export async function observe(request: MirrorRequest, ports: MirrorPorts): Promise<Observed> {
  const { from, to } = request;
  const list: ListRefs = (endpoint, prefixes) => withRetries(ports.retry, () => ports.list(endpoint, prefixes));
  ports.context.progress?.(`reading the refs of ${from.display} and ${to.display}`);
  const [[source, existing], changes] = await settled([
    listBoth(request, list),
    askForChanges(
      from,
      changesAsked(request),
      ports.context.signal === undefined ? {} : { signal: ports.context.signal },
    ),
  ]);
  const selected = await select(request, source, changes, list);
  const format = commonFormat(request, source, existing);
  const created = existing === undefined;
  if (created && !request.dryRun) await ports.createRepository(to, { from, format });
  return { source, destination: existing ?? { refs: [], format }, selected, format, created };
}

/** Like Promise.all, but waits for the slower one too, so that no child outlives its run. */
async function settled<A, B>(promises: readonly [Promise<A>, Promise<B>]): Promise<[A, B]> {
  await Promise.allSettled(promises);
  return await Promise.all(promises);
}

/** Both sides at the same time; one repository is asked once. */
async function listBoth(
  request: MirrorRequest,
  list: ListRefs,
): Promise<readonly [Advertisement, Advertisement | undefined]> {
  const wanted = sourcePrefixes(request.selection, request.prune);
  if (!sameRepository(request.from, request.to)) {
    return await settled([list(request.from, wanted), listDestination(request, list)]);
  }
  const one = await list(request.from, [...new Set([...wanted, ...destinationPrefixes(request.selection)])]);
  return [one, one];
}

/** Undefined: it does not exist, and `--create` makes it. */
async function listDestination(request: MirrorRequest, list: ListRefs): Promise<Advertisement | undefined> {
  try {
    return await list(request.to, destinationPrefixes(request.selection));
  } catch (error) {
    if (!(error instanceof SluiceError) || error.code !== 'not-found') throw error;
    if (request.create) return undefined;
    throw new SluiceError('not-found', error.message, {
      hint: `${error.hint ?? ''} Use --create to create it.`,
      cause: error,
    });
  }
}

function changesAsked({ selection, includeInternal, template, prune, from }: MirrorRequest) {
  const factsNeeded = template !== undefined && needsChangeFacts(template);
  const closedMatters = prune && from.forge?.changes !== undefined;
  return { all: selection.allChanges, includeInternal, each: factsNeeded || closedMatters ? selection.numbers : [] };
}

async function select(
  { from, selection, prune }: MirrorRequest,
  source: Advertisement,
  changes: ChangesFound,
  list: ListRefs,
): Promise<readonly SelectedRef[]> {
  const refs = refMap(source);
  const numbers = prune ? selection.numbers.filter((number) => isLive(number, refs, changes)) : selection.numbers;
  const heads = selectNumbers(refs, numbers, from.display).map((ref): SelectedRef => {
    const change = ref.number === undefined ? undefined : changes.byNumber.get(ref.number);
    return change === undefined ? ref : { ...ref, change };
  });
  const explicit = selectRefspecs(source.refs, selection.refspecs);
  // With --prune, what is gone is what is to be deleted.
  if (explicit.missing.length > 0 && !prune) {
    throw new SluiceError('not-found', `${from.display} has no ${explicit.missing.join(', ')}, which --ref names`, {
      hint: 'A * on both sides selects whatever there is.',
    });
  }
  return distinct([
    ...selectNamed(source.refs, selection),
    ...heads,
    ...(await locateHeads(changes.open, from, refs, list)),
    ...explicit.selected,
  ]);
}

/** With `--prune`, a change request that was closed or whose ref is gone is no error: its mirror is what is to be deleted. */
function isLive(number: number, refs: ReadonlyMap<RefName, Oid>, changes: ChangesFound): boolean {
  const state = changes.byNumber.get(number)?.state ?? 'open';
  return state === 'open' && changeRefNames(number).some((name) => refs.has(name));
}

/** `--pr 7 --prs` and overlapping globs select a ref once. */
function distinct(selected: readonly SelectedRef[]): readonly SelectedRef[] {
  return [...new Map(selected.map((ref) => [`${ref.repo ?? ''} ${ref.name} ${ref.to ?? ''}`, ref])).values()];
}

function commonFormat(
  { from, to }: MirrorRequest,
  source: Advertisement,
  destination: Advertisement | undefined,
): ObjectFormat {
  const format = source.format ?? destination?.format ?? 'sha1';
  const other = destination?.format ?? format;
  if (other === format) return format;
  throw new SluiceError(
    'usage',
    `${from.display} uses ${format} and ${to.display} uses ${other}: git cannot convert between them`,
    {
      hint: 'Create the destination with the same object format (git init --object-format).',
    },
  );
}
