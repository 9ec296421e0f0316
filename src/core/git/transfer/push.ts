import { SluiceError } from '../../errors.ts';
import type { RefName } from '../../model/ref.ts';
import { gitFailure, lastWords } from '../failure.ts';
import { runRemote } from '../remote.ts';
import type { RefResult, RefUpdate, TransferJob } from './transfer.ts';

/**
 * Settings of the user's git configuration that would add refs, signatures or hooks to our push. Promised again here, because
 * a mirror must write exactly the refs of its plan.
 */
const plainPush = [
  ...['-c', 'push.followTags=false', '-c', 'push.gpgSign=false', '-c', 'push.recurseSubmodules=no'],
  ...['-c', 'gc.auto=0', '-c', 'maintenance.auto=false'],
];

// Each ref takes two arguments, of up to 600 bytes with long names; execve(2) refuses more than 2 MiB altogether.
const mostRefs = 2000;

export interface PushOutcome {
  readonly results: readonly RefResult[];
  readonly messages: readonly string[];
}

/**
 * One `git push` of exact object ids with the expected old value of every ref (git-push(1), --force-with-lease). The lease also
 * works where the old object is unknown locally, as it is in a throw-away repository.
 */
export async function pushUpdates(
  job: TransferJob,
  repositoryDir: string,
  options: { readonly negotiate: boolean },
): Promise<PushOutcome> {
  const purpose = `push to ${job.to.display}`;
  if (job.updates.length > mostRefs) {
    throw new SluiceError(
      'usage',
      `${purpose}: ${job.updates.length} refs in one atomic push are more than git takes`,
      {
        hint: `Leave out --atomic, or select at most ${mostRefs} refs.`,
      },
    );
  }
  const args = [
    ...plainPush,
    ...['-c', `push.negotiate=${options.negotiate}`],
    ...['push', '--porcelain', '--progress', '--no-verify'],
    ...(job.atomic ? ['--atomic'] : []),
    ...job.updates.map((update) => `--force-with-lease=${update.target}:${update.old ?? ''}`),
    '--',
    job.to.url,
    ...job.updates.map((update) => `${update.new ?? ''}:${update.target}`),
  ];
  const result = await runRemote(job.context, job.to, { args, cwd: repositoryDir, purpose });
  const reported = parsePushReport(result.stdout.toString('utf8'));
  if (result.status !== 0 && reported.size === 0) throw gitFailure(purpose, result.stderr);
  return { results: matchReport(job.updates, reported, result), messages: remoteLines(result.stderr) };
}

/** Status lines of `git push --porcelain` (git-push(1), "OUTPUT"): flag TAB from:to TAB summary (reason). */
export function parsePushReport(stdout: string): Map<RefName, RefResult> {
  const report = new Map<RefName, RefResult>();
  for (const line of stdout.split('\n')) {
    const [flag, refs, summary] = line.split('\t');
    if (flag === undefined || flag.length !== 1 || refs === undefined || summary === undefined) continue;
    const target = refs.slice(refs.indexOf(':') + 1);
    report.set(target, flag === '!' ? { target, ok: false, reason: refusal(summary) } : { target, ok: true });
  }
  return report;
}

function refusal(summary: string): string {
  const [, kind, words] = /^\[([^\]]*)\](?: \((.*)\))?$/.exec(summary) ?? [];
  if (words === 'stale info') return 'the destination ref changed meanwhile (stale info)';
  return words ?? kind ?? summary;
}

function matchReport(
  updates: readonly RefUpdate[],
  reported: ReadonlyMap<RefName, RefResult>,
  result: { readonly status: number; readonly stderr: string },
): readonly RefResult[] {
  return updates.map(({ target }) => {
    const found = reported.get(target);
    if (found !== undefined) return found;
    // git leaves a ref out of its report only when the push as a whole failed.
    return result.status === 0
      ? { target, ok: true }
      : { target, ok: false, reason: `not reported by the remote: ${lastWords(result.stderr)}` };
  });
}

function remoteLines(stderr: string): readonly string[] {
  return stderr
    .split(/[\r\n]+/)
    .filter((line) => line.startsWith('remote:'))
    .map((line) => line.slice('remote:'.length).trim())
    .filter(
      (line) =>
        line !== '' && !/^(Enumerating|Counting|Compressing|Total|Resolving deltas|Checking connectivity)/.test(line),
    );
}
