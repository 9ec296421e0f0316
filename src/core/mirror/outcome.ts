import { type Ancestry, moveKey } from '../model/move.ts';
import { type Oid, type RefName, shortOid } from '../model/ref.ts';
import type { Applied } from './apply.ts';
import type { PlannedRef } from './plan.ts';
import type { RefReport, RefStatus } from './report.ts';

/** What is known after a run; `applied` undefined: nothing was sent (a dry run, or nothing to do). */
export interface Outcome {
  readonly applied: Applied | undefined;
  /** The destination's refs as read back; undefined when not asked for. */
  readonly readBack: ReadonlyMap<RefName, Oid> | undefined;
  /** Whether replaced values were fast-forwards. */
  readonly ancestry: ReadonlyMap<string, Ancestry>;
  /** `--atomic` with a refused line: everything is refused. */
  readonly blocked: boolean;
}

/** One line of the plan with what became of it. */
export function reportLine(line: PlannedRef, outcome: Outcome): RefReport {
  const refusal = refusalOf(line, outcome);
  return {
    ...(line.source === undefined ? {} : { source: line.source.name }),
    target: line.target,
    status: refusal === undefined ? statusOf(line, outcome) : 'refused',
    ...(line.old === undefined ? {} : { old: line.old }),
    ...(line.new === undefined ? {} : { new: line.new }),
    ...(refusal === undefined ? {} : { reason: refusal }),
  };
}

function refusalOf(line: PlannedRef, { applied, readBack, blocked }: Outcome): string | undefined {
  if (line.action === 'refuse') return line.reason ?? 'refused';
  if (line.action === 'unchanged') return undefined;
  if (blocked) return 'nothing was written, because another ref was refused (--atomic)';
  if (applied === undefined) return undefined;
  const remote = applied.refusals.get(line.target);
  if (readBack === undefined) return remote;
  const found = readBack.get(line.target);
  // Refused and yet as it should be: another run did the same at the same time.
  if (found === line.new) return undefined;
  if (remote !== undefined) return remote;
  // The push was acknowledged: somebody else moved the ref since, or the server lost it. Either way it is not what was promised.
  return `read back after the push, the destination has ${found === undefined ? 'no such ref' : shortOid(found)}`;
}

function statusOf(line: PlannedRef, { ancestry, applied }: Outcome): RefStatus {
  if (applied?.refusals.get(line.target) !== undefined) return 'unchanged';
  if (line.action === 'create') return 'created';
  if (line.action === 'delete') return 'deleted';
  if (line.action === 'unchanged' || line.old === undefined || line.new === undefined) return 'unchanged';
  // Only a proven fast-forward is called an update; everything else replaced the old value by force.
  return ancestry.get(moveKey({ old: line.old, new: line.new })) === 'ancestor' ? 'updated' : 'forced';
}
