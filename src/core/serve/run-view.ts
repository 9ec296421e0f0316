import { isDead } from '../jobs/states.ts';
import type { JobRow } from '../jobs/store.ts';
import type { MirrorData, ScriptData, StatusData } from './job-data.ts';
import type { ChangeLink, RunView } from './read-model.ts';

/** Addresses at the forges, made from the configuration. */
export interface ForgeLinks {
  readonly commit: (repo: string, sha: string) => string | undefined;
  readonly repository: (repo: string) => string | undefined;
  readonly change: (repo: string, number: number) => Pick<ChangeLink, 'url' | 'word'>;
}

/** What is known of a run beside its row. */
export interface RunFacts {
  /** A newer run of the same thing is there. */
  readonly replaced: boolean;
  readonly logBytes: number | undefined;
}

/** A job as people see it (pure). */
export function toRunView(row: JobRow, { replaced, logBytes }: RunFacts, links: ForgeLinks): RunView {
  const { repo, event, ref, branch, sha, change } = row.subject;
  return {
    id: row.id,
    kind: row.queue,
    repo,
    ref,
    branch,
    sha,
    commitUrl: sha === undefined ? undefined : links.commit(repo, sha),
    change: change === undefined ? undefined : { number: change, title: titleOf(row), ...links.change(repo, change) },
    name: row.name,
    event,
    state: row.state,
    queuedAt: row.queuedAt,
    startedAt: row.startedAt,
    finishedAt: row.finishedAt,
    notBefore: row.state === 'queued' ? row.notBefore : undefined,
    lastLine: row.lastLine,
    detail: row.detail,
    attempt: row.attempt,
    attempts: row.attempts,
    dead: isDead(row.state) && !replaced,
    delivery: row.delivery ?? toldDelivery(row),
    supersededBy: row.supersededBy,
    logBytes,
  };
}

/** A status has no delivery of its own, but that of the run that it tells of. */
function toldDelivery({ queue, data }: JobRow): string | undefined {
  return queue === 'status' ? (data as StatusData).delivery : undefined;
}

function titleOf({ queue, data }: JobRow): string {
  if (queue === 'mirror') return (data as MirrorData).title ?? '';
  return queue === 'script' ? ((data as ScriptData).change?.title ?? '') : '';
}
