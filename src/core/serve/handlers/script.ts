import { toSluiceError } from '../../errors.ts';
import type { Job, JobOutcome, JobStore, RunJob } from '../../jobs/store.ts';
import type { Oid } from '../../model/ref.ts';
import type { ScriptData } from '../job-data.ts';
import type { FindChange, FindTip, Judge, RunScript } from '../ports.ts';

export interface ScriptPorts {
  readonly store: Pick<JobStore, 'list' | 'payload'>;
  readonly findChange: FindChange;
  readonly findTip: FindTip;
  readonly judge: Judge;
  readonly run: RunScript;
  readonly debug: (message: string) => void;
}

/** The commit to run, or why nothing is run. */
type Target = { readonly data: ScriptData; readonly sha: Oid | undefined } | JobOutcome;

/** Runs one hook script or configured command for what its ref points to now. */
export function scriptHandler(ports: ScriptPorts): RunJob {
  return async (job) => {
    const target = await findTarget(job, ports);
    if ('state' in target) return target;
    const { data, sha } = target;
    const covered = await coveredBy(job, target.sha, ports);
    if (covered !== undefined) return { state: 'skipped', detail: `run ${covered} was of the same commit`, sha };
    const payload = await ports.store.payload(job.id);
    return await ports.run({
      run: job.id,
      data,
      sha,
      delivery: job.delivery,
      payload: payload ?? Buffer.from('{}'),
      signal: job.signal,
      onStart: (processes) => job.started({ sha, processes }),
    });
  };
}

async function findTarget(job: Job, ports: ScriptPorts): Promise<Target> {
  const data = job.data as ScriptData;
  if (data.change !== undefined) return await changeTarget(job, data, data.change.number, ports);
  const deleted = data.event === 'delete';
  if (job.pinned) return { data, sha: deleted ? undefined : job.subject.sha };
  try {
    const tip = await ports.findTip(data.repo, data.ref, job.signal);
    if (deleted)
      return tip === undefined ? { data, sha: tip } : { state: 'skipped', detail: `${data.ref} is there again` };
    return tip === undefined ? { state: 'skipped', detail: `${data.ref} is gone` } : { data, sha: tip };
  } catch (error) {
    job.signal.throwIfAborted();
    // A script may need nothing of the repository, and sluice no credential for it: then the delivery is believed.
    ports.debug(`run ${job.id}: ${toSluiceError(error).message}; the delivery's commit is taken`);
    return { data, sha: data.sha };
  }
}

async function changeTarget(job: Job, data: ScriptData, number: number, ports: ScriptPorts): Promise<Target> {
  const found = await ports.findChange(data.repo, number, job.signal);
  if (found === undefined) return { state: 'skipped', detail: 'the change request is gone' };
  const { change, head, problem } = found;
  if (change.state !== 'open') return { state: 'skipped', detail: `the change request is ${change.state}` };
  if (head === undefined) return { state: 'error', detail: problem ?? 'its head cannot be read' };
  const wanted = job.pinned ? job.subject.sha : head;
  if (wanted !== head && !change.internal) {
    return { state: 'skipped', detail: `its head is ${head} now, and trust is for the head only` };
  }
  const verdict = await ports.judge({ repo: data.repo, change, head, purpose: 'run' }, job.signal);
  if (!verdict.trusted) return { state: 'waiting', sha: head, detail: verdict.missing };
  const facts = {
    number,
    title: change.title,
    headRepo: change.head.repo,
    headBranch: change.head.branch,
    baseBranch: change.base.branch,
  };
  return { data: { ...data, change: facts }, sha: wanted };
}

/**
 * The run that makes this one needless: the latest of the same script and ref, when it had this commit although one of the two was sent for
 * another (deliveries that came late or out of order). The same commit sent twice on purpose runs twice: it may be a way back.
 */
async function coveredBy(job: Job, sha: Oid | undefined, { store }: ScriptPorts): Promise<string | undefined> {
  if (job.key === undefined || sha === undefined || job.pinned) return undefined;
  const [latest] = await store.list({ key: job.key, states: ['success', 'failure', 'timed-out'], limit: 1 });
  if (latest === undefined || latest.id === job.id || latest.subject.sha !== sha) return undefined;
  const sent = (job.data as ScriptData).sha;
  const ranAhead = (latest.data as ScriptData).sha !== sha;
  return ranAhead || sent !== sha ? latest.id : undefined;
}
