import { SluiceError } from '../errors.ts';
import { sameRepository } from '../git/endpoint.ts';
import type { Ancestry, Move } from '../model/move.ts';
import type { Oid, RefName, RemoteRef } from '../model/ref.ts';
import { forkEndpoint, refMap, stillOpen } from './changes.ts';
import { type Observed, observe } from './observe.ts';
import { reportLine } from './outcome.ts';
import { type Mapping, mapRefs, movesToProve, type PlannedRef, planMirror, policyOf } from './plan.ts';
import { destinationPrefixes } from './prefixes.ts';
import { changeNumberOf, pruneCandidates } from './prune.ts';
import { type MirrorReport, summarize } from './report.ts';
import type { MirrorPorts, MirrorRequest } from './request.ts';
import { withRetries } from './retry.ts';
import { selectsNothing } from './select.ts';
import { sendPlan } from './send.ts';

type Ancestries = ReadonlyMap<string, Ancestry>;
type ProvenMove = Move & Mapping;

interface Plan {
  readonly lines: readonly PlannedRef[];
  /** Moves that were proven before the plan, because their policy depends on it. */
  readonly ancestry: Ancestries;
  /** Moves that are allowed anyhow; whether they are fast-forwards is only for the report. */
  readonly unproven: readonly ProvenMove[];
}

/** Observe → plan → apply → read back. Refused refs are part of the report; what stops the run as a whole is thrown. */
export async function mirror(request: MirrorRequest, ports: MirrorPorts): Promise<MirrorReport> {
  const observed = await observe(request, ports);
  const { lines, ancestry, unproven } = await makePlan(request, ports, observed);
  const work = lines.filter((line) => line.action !== 'unchanged' && line.action !== 'refuse');
  const blocked = request.atomic && lines.some((line) => line.action === 'refuse');
  const sends = !request.dryRun && !blocked && work.length > 0;
  const [applied, labels] = await Promise.all([
    sends ? sendPlan(request, ports, observed, work) : undefined,
    // While the push runs: it needs the source only.
    blocked ? new Map() : prove(request, ports, observed, unproven).catch(() => new Map()),
  ]);
  const readBack = sends && request.verify ? await readDestination(request, ports) : undefined;
  const outcome = { applied, readBack, blocked, ancestry: new Map([...ancestry, ...labels]) };
  const refs = lines.map((line) => reportLine(line, outcome));
  const nothing = whyNothing(request, observed, lines);
  return {
    from: request.from.display,
    to: request.to.display,
    dryRun: request.dryRun,
    refs,
    summary: summarize(refs),
    ...(nothing === undefined ? {} : { nothing }),
    ...(observed.created ? { created: { repository: request.to.display } } : {}),
    transfers: applied?.transfers ?? [],
    messages: applied?.messages ?? [],
    ...(applied?.bytes === undefined ? {} : { bytes: applied.bytes }),
  };
}

async function makePlan(request: MirrorRequest, ports: MirrorPorts, observed: Observed): Promise<Plan> {
  const { template, update } = request;
  const destination = observed.destination.refs;
  const mappings = mapRefs(observed.selected, template);
  refuseSelfMirror(request, mappings);
  const pruned = request.prune ? await findPruned(request, ports, destination, mappings) : [];
  refuseEmptyPrune(request, observed, pruned);
  const moves = movesToProve({ mappings, destination, update });
  const proven = moves.filter((move) => policyOf(move.source, update) === 'ff');
  const ancestry = await prove(request, ports, observed, proven);
  const lines = planMirror({ mappings, destination, update, pruned, ancestry });
  return { lines, ancestry, unproven: moves.filter((move) => !proven.includes(move)) };
}

async function findPruned(
  { selection, template, from }: MirrorRequest,
  { context }: MirrorPorts,
  destination: readonly RemoteRef[],
  mappings: readonly Mapping[],
): Promise<readonly RemoteRef[]> {
  const candidates = pruneCandidates(destination, mappings, selection, template);
  if (!selection.allChanges) return candidates;
  const numbers = candidates.flatMap((ref) => changeNumberOf(ref.name, template) ?? []);
  const open = await stillOpen(from, numbers, context.signal === undefined ? {} : { signal: context.signal });
  return candidates.filter((ref) => !open.has(changeNumberOf(ref.name, template) ?? -1));
}

/** Asks each repository that holds new commits once. */
async function prove(
  { from }: MirrorRequest,
  ports: MirrorPorts,
  { format }: Observed,
  moves: readonly ProvenMove[],
): Promise<Ancestries> {
  const known = new Map<string, Ancestry>();
  for (const [path, group] of Map.groupBy(moves, (move) => move.source.repo)) {
    const endpoint = (path === undefined ? undefined : forkEndpoint(from, path)) ?? from;
    const answers = await withRetries(ports.retry, () => ports.proveAncestry(endpoint, format, group));
    for (const [key, answer] of answers) known.set(key, answer);
  }
  return known;
}

async function readDestination(request: MirrorRequest, ports: MirrorPorts): Promise<ReadonlyMap<RefName, Oid>> {
  ports.context.progress?.(`reading ${request.to.display} back`);
  const prefixes = destinationPrefixes(request.selection);
  return refMap(await withRetries(ports.retry, () => ports.list(request.to, prefixes)));
}

function refuseSelfMirror({ from, to }: MirrorRequest, mappings: readonly Mapping[]): void {
  if (!sameRepository(from, to)) return;
  const onto = mappings.find(({ source, target }) => source.name === target && source.repo === undefined);
  if (onto === undefined) return;
  throw new SluiceError('usage', `${onto.target} of ${from.display} would be mirrored onto itself`, {
    hint: 'Name a destination (sluice mirror <from> <to>), choose change requests (--pr, --prs), or rename with --as.',
  });
}

/** An empty source is more often a replaced or broken one than a wish to delete everything. */
function refuseEmptyPrune({ from, to }: MirrorRequest, { source }: Observed, pruned: readonly RemoteRef[]): void {
  if (source.refs.length > 0 || pruned.length === 0) return;
  throw new SluiceError(
    'not-found',
    `${from.display} shows no refs at all; --prune would delete ${pruned.length} refs of ${to.display}`,
    {
      hint: 'Nothing was deleted. If the source is really empty, delete the refs with git push --delete.',
    },
  );
}

function whyNothing(
  { from, selection, includeInternal }: MirrorRequest,
  { selected, source }: Observed,
  lines: readonly PlannedRef[],
) {
  if (lines.some((line) => line.action !== 'unchanged')) return undefined;
  if (lines.length > 0) return 'everything is up to date';
  if (selected.length > 0) return undefined;
  if (selectsNothing(selection)) return source.refs.length === 0 ? `${from.display} is empty` : undefined;
  const internal = selection.allChanges && !includeInternal;
  return `nothing in ${from.display} matches the selection${internal ? ' (change requests from the same repository only with --include-internal)' : ''}`;
}
