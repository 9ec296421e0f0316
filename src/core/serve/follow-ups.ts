import type { FollowUps, JobRow, NewJob } from '../jobs/store.ts';
import { shortOid } from '../model/ref.ts';
import type { StatusState } from '../model/status.ts';
import type { MirrorData, ScriptData, StatusData } from './job-data.ts';
import { statusLane, statusPatience } from './lanes.ts';
import type { RepoName } from './repo-pattern.ts';

/**
 * The commit status that follows from the state of a run (pure). It is queued in the same transaction, so that no crash can leave a status
 * `pending` for ever; a newer one of the same context takes the place of one that was not sent yet.
 */
export const statusFollowUps: FollowUps = (row) => {
  if (row.queue === 'script') return [...settled(row, row.name), ...scriptStatus(row)];
  return row.queue === 'mirror' ? [...settled(row, mirrorContext), ...mirrorStatus(row)] : [];
};

const mirrorContext = 'sluice/mirror';

/**
 * The end of a `pending` that the run's own outcome does not end: after a crash or a wait it is about another commit now, or about nothing
 * any more (the change request was closed).
 */
function settled(row: JobRow, context: string): readonly NewJob[] {
  const { told, subject, state, detail, id } = row;
  if (told === undefined || (told === subject.sha && state !== 'skipped')) return [];
  const { repo } = row.data as ScriptData | MirrorData;
  const description = state === 'skipped' ? detail || state : `run ${id} went on with ${shortOid(subject.sha ?? '')}`;
  const left = { ...row, subject: { ...subject, sha: told } };
  return statusJobs(left, repo, { state: 'error', context, description });
}

function scriptStatus(row: JobRow): readonly NewJob[] {
  const { repo, reports, event } = row.data as ScriptData;
  const state = statusOf(row);
  // There is no commit any more that somebody would look at.
  if (!reports || state === undefined || event === 'delete') return [];
  return statusJobs(row, repo, { state, context: row.name, description: describe(row) });
}

/** Only change requests have somebody who waits for it. */
function mirrorStatus(row: JobRow): readonly NewJob[] {
  const { repo, reports } = row.data as MirrorData;
  const state = row.state === 'running' ? undefined : statusOf(row);
  if (reports !== true || state === undefined || row.subject.change === undefined) return [];
  // One that had not begun has told nobody that it waits.
  if (row.state === 'superseded' && row.startedAt === undefined) return [];
  const jobs = statusJobs(row, repo, { state, context: mirrorContext, description: describe(row) });
  if (row.state !== 'superseded') return jobs;
  // The newer run is of the same commit when somebody has only commented: what it says then takes the place of this.
  return jobs.map((job) => ({ ...job, delayMs: successorMs }));
}

/** So long the newer run has to find out which commit it is about. */
const successorMs = 30_000;

function statusOf({ state, processes, queue }: JobRow): StatusState | undefined {
  switch (state) {
    case 'running':
      return queue === 'script' && processes !== undefined ? 'pending' : undefined;
    case 'waiting':
      return 'pending';
    case 'success':
      return 'success';
    case 'failure':
    case 'timed-out':
      return 'failure';
    case 'error':
    case 'cancelled':
    case 'superseded':
      return 'error';
    default:
      return undefined;
  }
}

/** Why it waits, or the last line, or how it ended. The forge's limit of length is the forge's business. */
function describe({ state, detail, lastLine }: JobRow): string {
  if (state === 'waiting') return `waiting: ${detail}`;
  if (state === 'running') return 'running';
  // The last line does not tell that it was not meant to be the last.
  if (state === 'timed-out') return lastLine === '' ? 'timed out' : `timed out: ${lastLine}`;
  if (state === 'cancelled' || state === 'superseded') return detail || state;
  return detail || lastLine || state;
}

function statusJobs(
  { id, subject, delivery }: JobRow,
  repo: RepoName,
  status: Pick<StatusData, 'state' | 'context' | 'description'>,
): readonly NewJob[] {
  const { sha, change } = subject;
  // The branch of a change request may be one of a fork, which the repository does not have.
  const ref = change === undefined ? subject.ref : undefined;
  if (sha === undefined) return [];
  const lane = statusLane(repo, sha, status.context);
  const data: StatusData = { ...status, repo, sha, ref, run: id, delivery };
  const job: NewJob = {
    rule: `status ${id}`,
    queue: 'status',
    name: status.context,
    subject: { ...subject, event: status.state },
    lane,
    key: lane,
    data,
    patience: statusPatience,
    forget: true,
  };
  return [job];
}
