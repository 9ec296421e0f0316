import { SluiceError, toSluiceError } from '../../errors.ts';
import type { JobOutcome, RunJob } from '../../jobs/store.ts';
import type { CheckState } from '../../model/check.ts';
import type { StatusState } from '../../model/status.ts';
import type { ReportData, StatusData } from '../job-data.ts';
import type { FindCheck, SetStatus } from '../ports.ts';

export interface StatusPorts {
  readonly setStatus: SetStatus;
  /** Page of a run; undefined without a base URL. */
  readonly runUrl: (run: string) => string | undefined;
  readonly warn: (message: string) => void;
}

/** So many are remembered. */
const mostSent = 1_000;

/** Sends one status of the outbox; the same one twice in a row is sent once (GitHub takes a thousand for a commit). */
export function statusHandler({ setStatus, runUrl, warn }: StatusPorts): RunJob {
  const sent = new Map<string, string>();
  const warned = new Set<string>();
  return async (job) => {
    const { repo, sha, state, context, description, run, url, ref } = job.data as StatusData;
    const facts = { sha, state, context, description };
    const targetUrl = run === undefined ? url : runUrl(run);
    const status = {
      ...facts,
      ...(ref === undefined ? {} : { ref }),
      ...(targetUrl === undefined ? {} : { targetUrl }),
    };
    const name = `${repo.alias}:${repo.path}`;
    const place = `${name} ${status.sha} ${status.context}`;
    // Whoever may comment can make something wait anew: then only what it waits for counts, and not which run it is that waits.
    const text = JSON.stringify(facts.state === 'pending' ? facts : status);
    const before = sent.get(place);
    if (before === text) return { state: 'success' };
    sent.delete(place);
    // Whatever comes of it, what was sent before is not what is there now; only that there was something is.
    if (before !== undefined) sent.set(place, '');
    const problem = await absent(() => setStatus(repo, status, job.signal));
    if (problem === undefined) {
      sent.set(place, text);
      keepNewest(sent);
      return { state: 'success' };
    }
    // It took one for the same commit a while ago, which must not stay `pending`: whatever is wrong may pass.
    if (before !== undefined) throw new SluiceError('unavailable', problem);
    if (!warned.has(name)) warn(`${name} gets no status (said once for a repository): ${problem}`);
    warned.add(name);
    return { state: 'skipped', detail: problem };
  };
}

function keepNewest(sent: Map<string, string>): void {
  const [oldest] = sent.keys();
  if (sent.size > mostSent && oldest !== undefined) sent.delete(oldest);
}

export interface ReportPorts {
  readonly setStatus: SetStatus;
  readonly findCheck: FindCheck;
}

/** Tells the origin of a mirrored commit what a CI says of it now: reports of a pipeline overtake each other. */
export function reportHandler({ setStatus, findCheck }: ReportPorts): RunJob {
  return async (job): Promise<JobOutcome> => {
    const { from, to, check } = job.data as ReportData;
    const now = await findCheck(to, check, job.signal);
    const { state, description, url } = now === undefined ? check : { ...check, ...now };
    const status = {
      sha: check.sha,
      state: statusOf(state),
      context: `${to.alias}/${check.name}`,
      description: description || state,
      ...(isWebPage(url) ? { targetUrl: url } : {}),
    };
    // A commit that the mirror has from somewhere else is nothing that the origin could be told of.
    const problem = await absent(() => setStatus(from, status, job.signal));
    return problem === undefined ? { state: 'success' } : { state: 'skipped', detail: problem };
  };
}

/**
 * Why there is nothing to set a status on: the commit is in a fork only (Bitbucket Cloud has statuses for those of the repository itself),
 * or gone, or the credential may not see the repository. Another attempt would hear the same.
 */
async function absent(set: () => Promise<void>): Promise<string | undefined> {
  try {
    await set();
    return undefined;
  } catch (thrown) {
    const error = toSluiceError(thrown);
    if (error.code === 'not-found') return `${error.message}; the forge has no such commit there, or may not show it`;
    throw error;
  }
}

function statusOf(state: CheckState | 'running'): StatusState {
  return state === 'neutral' || state === 'skipped' ? 'success' : state;
}

function isWebPage(url: string | undefined): url is string {
  const parsed = url === undefined ? null : URL.parse(url);
  return parsed !== null && /^https?:$/.test(parsed.protocol) && parsed.username === '' && parsed.password === '';
}
