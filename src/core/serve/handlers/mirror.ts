import type { Job, JobOutcome, RunJob } from '../../jobs/store.ts';
import type { MirrorData } from '../job-data.ts';
import type { FindChange, Judge, MirrorNow, MirrorOrder } from '../ports.ts';
import type { RepoName } from '../repo-pattern.ts';

export interface MirrorPorts {
  readonly findChange: FindChange;
  readonly judge: Judge;
  readonly mirror: MirrorNow;
  /** Change requests whose head is in the same repository are mirrored too. */
  readonly includesInternal: (repo: RepoName) => boolean;
  /** The lines of what was done, for the run's log. */
  readonly writeLog: (run: string, lines: readonly string[]) => Promise<void>;
}

/**
 * Brings one ref, one change request or everything up to date. All of it is read afresh, so that deliveries that come twice, late or out of
 * order all end in what the forge says now.
 */
export function mirrorHandler(ports: MirrorPorts): RunJob {
  return async (job) => {
    const { repo, what } = job.data as MirrorData;
    if (typeof what === 'object' && 'change' in what) return await mirrorChange(job, repo, what.change, ports);
    await job.started({});
    return await carryOut(job, { repo, what }, ports);
  };
}

async function mirrorChange(job: Job, repo: RepoName, number: number, ports: MirrorPorts): Promise<JobOutcome> {
  const what = { change: number };
  const found = await ports.findChange(repo, number, job.signal);
  if (found === undefined || found.change.state !== 'open') {
    await job.started({});
    return await carryOut(job, { repo, what, change: found?.change }, ports);
  }
  const { change, head, problem } = found;
  if (change.internal && !ports.includesInternal(repo)) {
    return { state: 'skipped', detail: 'its head is in the same repository (includeInternal)' };
  }
  if (head === undefined) return { state: 'failure', detail: problem ?? 'its head cannot be read' };
  const verdict = await ports.judge({ repo, change, head, purpose: 'mirror' }, job.signal);
  if (!verdict.trusted) return { state: 'waiting', sha: head, detail: verdict.missing };
  await job.started({ sha: head });
  return await carryOut(job, { repo, what, change, head }, ports);
}

async function carryOut(job: Job, order: MirrorOrder, ports: MirrorPorts): Promise<JobOutcome> {
  const { summary, refused, lines } = await ports.mirror(order, job.signal);
  await ports.writeLog(job.id, lines);
  if (refused.length === 0) return { state: 'success', lastLine: summary };
  return { state: 'failure', lastLine: summary, detail: refused.join('; ') };
}
