import { SluiceError } from '../errors.ts';
import { type Ancestry, type Move, moveKey } from '../model/move.ts';
import {
  directoryFileConflict,
  type Oid,
  type RefName,
  type RemoteRef,
  refNameProblem,
  shortOid,
} from '../model/ref.ts';
import type { SelectedRef } from './select.ts';
import { fillTemplate, mayHitAnything, type Template } from './template.ts';

/** A selected ref and the destination ref that it becomes. */
export interface Mapping {
  readonly source: SelectedRef;
  readonly target: RefName;
  /** A change request whose template keeps to no directory of its own: what stands at its target may be anybody's branch. */
  readonly strayTarget?: boolean;
}

/** `--update`; undefined: by kind (ff for branches, force for change-request heads). Existing tags move only by `force`. */
export type UpdatePolicy = 'ff' | 'force' | undefined;

export type PlannedAction = 'create' | 'update' | 'delete' | 'unchanged' | 'refuse';

/** One line of the plan; nothing has happened yet. */
export interface PlannedRef {
  readonly action: PlannedAction;
  /** Undefined for a deletion. */
  readonly source: SelectedRef | undefined;
  readonly target: RefName;
  readonly old: Oid | undefined;
  readonly new: Oid | undefined;
  /** Why it is refused, or how an update was allowed. */
  readonly reason?: string;
}

export interface PlanInput {
  readonly mappings: readonly Mapping[];
  /** Destination refs that may be deleted and have no source any more; decided by `pruned`. */
  readonly pruned: readonly RemoteRef[];
  readonly destination: readonly RemoteRef[];
  readonly update: UpdatePolicy;
  readonly ancestry: ReadonlyMap<string, Ancestry>;
}

/** Gives every selected ref its destination name; two sources on one destination are refused before anything is written. */
export function mapRefs(selected: readonly SelectedRef[], template: Template | undefined): readonly Mapping[] {
  const stray = template !== undefined && mayHitAnything(template);
  const mappings = selected.map((source) => ({
    source,
    target: targetOf(source, template),
    strayTarget: stray && source.kind === 'change',
  }));
  const owners = new Map<RefName, SelectedRef>();
  const collisions: string[] = [];
  for (const { source, target } of mappings) {
    const owner = owners.get(target);
    if (owner !== undefined) collisions.push(`${label(owner)} and ${label(source)} both become ${target}`);
    else owners.set(target, source);
  }
  if (collisions.length === 0) return mappings;
  throw new SluiceError('usage', 'several sources map to one destination; nothing was written', {
    problems: collisions,
    hint: 'Make the destination distinct, for example --as "pr/{number}".',
  });
}

function label(source: SelectedRef): string {
  return source.number === undefined ? source.name : `change request ${source.number}`;
}

function targetOf(source: SelectedRef, template: Template | undefined): RefName {
  if (source.to !== undefined) return source.to;
  const prefix = source.kind === 'tag' ? 'refs/tags/' : 'refs/heads/';
  const name = source.name.replace(/^refs\/(heads|tags)\//, '');
  const number = source.number === undefined ? {} : { number: String(source.number) };
  if (template === undefined) return source.kind === 'change' ? `${prefix}pr/${source.number}` : `${prefix}${name}`;
  const values = source.kind === 'change' ? { ...number, ...headValues(source) } : { name };
  const filled = fillTemplate(template, values);
  if ('name' in filled) return `${prefix}${filled.name}`;
  throw new SluiceError('usage', `--as has {${filled.missing}}, which ${label(source)} does not have`, {
    hint: 'Branches and tags have {name}; change requests have {number}, {head.owner} and {head.ref}. Mirror them in two runs.',
  });
}

function headValues(source: SelectedRef): { 'head.owner'?: string; 'head.ref'?: string } {
  const head = source.change?.head;
  if (head === undefined) return {};
  // A deleted fork leaves no owner; its own word keeps such names apart from every login. Bitbucket Data Center writes the owner
  // of a personal repository as ~user, and git forbids ~ in names.
  const owner = head.repo?.split('/')[0]?.replace(/^~/, '') ?? 'unknown';
  return { 'head.owner': owner, 'head.ref': head.branch };
}

/** Moves whose policy depends on whether they are fast-forwards. */
export function movesToProve(
  input: Pick<PlanInput, 'mappings' | 'destination' | 'update'>,
): readonly (Move & Mapping)[] {
  const there = new Map(input.destination.map((ref) => [ref.name, ref.oid]));
  return input.mappings.flatMap((mapping) => {
    const old = there.get(mapping.target);
    const { oid, kind } = mapping.source;
    if (old === undefined || oid === undefined || old === oid || kind === 'tag') return [];
    return [{ ...mapping, old, new: oid }];
  });
}

export function policyOf(source: SelectedRef, update: UpdatePolicy): 'ff' | 'force' | 'never' {
  if (update === 'force' || source.force) return 'force';
  if (source.kind === 'tag' || source.to?.startsWith('refs/tags/')) return 'never';
  if (update !== undefined) return update;
  return source.kind === 'change' ? 'force' : 'ff';
}

/** The whole plan: what happens to every selected and every pruned ref, deletions first so that they make room. */
export function planMirror(input: PlanInput): readonly PlannedRef[] {
  const there = new Map(input.destination.map((ref) => [ref.name, ref.oid]));
  const deletions = input.pruned.map((ref): PlannedRef => {
    const line = { source: undefined, target: ref.name, old: ref.oid, new: undefined };
    // A name that did not arrive byte for byte would delete another ref, or none.
    const problem = nameProblem(ref.name, ref.name);
    return problem === undefined ? { ...line, action: 'delete' } : { ...line, action: 'refuse', reason: problem };
  });
  const planned = input.mappings.map((mapping) => planOne(mapping, there.get(mapping.target), input));
  return [...deletions, ...refuseConflicts(planned, there, new Set(input.pruned.map((ref) => ref.name)))];
}

function planOne({ source, target, strayTarget }: Mapping, old: Oid | undefined, input: PlanInput): PlannedRef {
  const line = { source, target, old, new: source.oid };
  const problem = source.problem ?? nameProblem(source.name, target);
  if (source.oid === undefined || problem !== undefined)
    return { ...line, action: 'refuse', reason: problem ?? 'unreadable' };
  if (old === source.oid) return { ...line, action: 'unchanged' };
  if (old === undefined) return { ...line, action: 'create' };
  if (strayTarget && input.update !== 'force') return { ...line, action: 'refuse', reason: strayReason };
  const policy = policyOf(source, input.update);
  if (policy === 'force') return { ...line, action: 'update' };
  if (policy === 'never') {
    return {
      ...line,
      action: 'refuse',
      reason: `the tag exists as ${shortOid(old)}; tags move only with --update force`,
    };
  }
  const ancestry = input.ancestry.get(moveKey({ old, new: source.oid })) ?? 'unknown';
  if (ancestry === 'ancestor') return { ...line, action: 'update' };
  const reason =
    ancestry === 'diverged'
      ? `not a fast-forward: the destination has ${shortOid(old)}, which is not in the source's history; use --update force`
      : `cannot prove a fast-forward from ${shortOid(old)}; use --update force`;
  return { ...line, action: 'refuse', reason };
}

/**
 * The author of a change request chooses its branch name: with `{head.ref}` a stranger's `main` would replace the destination's, by force,
 * because change requests are rebased.
 */
const strayReason =
  'the branch exists, and the template keeps change requests in no directory of their own (--as "pr/{number}"); --update force replaces it';

function nameProblem(source: RefName, target: RefName): string | undefined {
  const atSource = refNameProblem(source);
  if (atSource !== undefined) return `the name ${JSON.stringify(source)} ${atSource}`;
  const atTarget = refNameProblem(target);
  return atTarget === undefined ? undefined : `the destination name ${JSON.stringify(target)} ${atTarget}`;
}

/** git cannot keep `a` beside `a/b`: whichever exists there stays; of two new ones the deeper is refused. */
function refuseConflicts(
  planned: readonly PlannedRef[],
  there: ReadonlyMap<RefName, Oid>,
  deleted: ReadonlySet<RefName>,
): readonly PlannedRef[] {
  const staying = [...there.keys()].filter((name) => !deleted.has(name));
  const created = planned.filter((line) => line.action === 'create').map((line) => line.target);
  const conflicts = directoryFileConflict([...staying, ...created]);
  // A new `a` in the way of an existing `a/b` is the one to refuse.
  const blocked = new Map(conflicts);
  for (const [child, parent] of conflicts) if (there.has(child)) blocked.set(parent, child);
  return planned.map((line) => {
    const other = line.action === 'create' ? blocked.get(line.target) : undefined;
    if (other === undefined) return line;
    const reason = `${other} ${there.has(other) ? 'exists there' : 'is mirrored too'}, and git cannot keep both`;
    return { ...line, action: 'refuse', reason };
  });
}
