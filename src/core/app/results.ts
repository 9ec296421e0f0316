import { SluiceError } from '../errors.ts';
import { addNote } from '../git/note.ts';
import type { GitContext } from '../git/remote.ts';
import { pushResultCommit } from '../git/result-commit.ts';
import { type Oid, objectFormatOf, shortName } from '../model/ref.ts';
import type { StatusState } from '../model/status.ts';
import type { Report, ReportReceipt, SendReport } from '../poll/ports.ts';
import type { WatchedRepository } from '../poll/repository.ts';
import type { Run } from '../poll/run.ts';
import { isMadeUp } from './poll-heads.ts';
import { requireStatuses } from './poll-statuses.ts';

const context = 'sluice/poll';
const identity = { name: 'sluice', email: 'sluice@localhost.invalid' };

/** Fills the poller's `SendReport`: commit statuses of forges, git notes, and result commits. */
export function openResults(git: GitContext): SendReport {
  return async (repository, report, { signal }) => {
    const { run } = report;
    if (run.newOid === undefined) return {};
    const call = { git: { ...git, signal }, repository, report, sha: run.newOid };
    if (report.kind === 'status') return await sendStatus(call);
    // A note and a result commit say how it ended; that it began is of no use there.
    if (report.phase !== 'final') return {};
    return report.kind === 'notes' ? await sendNote(call) : await sendCommit(call);
  };
}

interface Call {
  readonly git: GitContext;
  readonly repository: WatchedRepository;
  readonly report: Report;
  readonly sha: Oid;
}

async function sendStatus({ git, repository, report, sha }: Call): Promise<ReportReceipt> {
  const { statuses, repo } = requireStatuses(repository.endpoint);
  const { run } = report;
  const status = { sha, state: statusState(report), context, description: description(report), ref: run.ref };
  try {
    await statuses.set(repo, status, git.signal === undefined ? {} : { signal: git.signal });
  } catch (error) {
    // Bitbucket Cloud: the commit of a fork is not in this repository, and the fork is somebody else's.
    if (!isMadeUp(run.ref) || !(error instanceof SluiceError) || error.code !== 'not-found') throw error;
  }
  return {};
}

function statusState({ phase, run }: Report): StatusState {
  if (phase !== 'final') return 'pending';
  if (run.state === 'success') return 'success';
  return run.state === 'failure' || run.state === 'timed-out' ? 'failure' : 'error';
}

/** One line for people: why it waits, or the last line of the script, or how it ended. */
function description({ phase, run }: Report): string {
  if (phase === 'blocked') return `waiting: ${run.detail ?? 'somebody with write access must vouch for it'}`;
  if (phase === 'pending') return 'the pipeline is running';
  const words = run.detail || run.lastLine;
  // The last line does not tell that it was not meant to be the last.
  if (run.state === 'timed-out') return words ? `timed out: ${words}` : 'timed out';
  return words || outcomeWords(run);
}

function outcomeWords({ state, exitStatus }: Run): string {
  return exitStatus === undefined || state === 'success' ? state : `${state} (exit status ${exitStatus})`;
}

async function sendNote({ git, repository, report: { run }, sha }: Call): Promise<ReportReceipt> {
  await addNote(git, repository.endpoint, {
    format: objectFormatOf(sha),
    commit: sha,
    text: resultText(run),
    identity,
    date: dateOf(run),
  });
  return {};
}

async function sendCommit({ git, repository, report: { run }, sha }: Call): Promise<ReportReceipt> {
  // There is no branch to put it on for a tag or a change request.
  if (!run.ref.startsWith('refs/heads/')) return {};
  const result = await pushResultCommit(git, repository.endpoint, {
    format: objectFormatOf(sha),
    branch: shortName(run.ref),
    parent: sha,
    content: resultText(run),
    message: `ci: ${outcomeWords(run)}`,
    identity,
    date: dateOf(run),
  });
  // A branch that moved on gets the result of its newer commit.
  return result.kind === 'pushed' ? { ownCommit: result.commit } : {};
}

/** The same for every attempt, so that sending it twice changes nothing. */
function resultText(run: Run): string {
  const lines = [`sluice: ${outcomeWords(run)}`, `ref: ${run.ref}`, `commit: ${run.newOid}`, `run: ${run.id}`];
  const last = run.detail || run.lastLine;
  return `${[...lines, ...(last ? ['', last] : [])].join('\n')}\n`;
}

function dateOf(run: Run): number {
  return Math.floor((run.finishedAt ?? run.queuedAt) / 1000);
}
