import { toSluiceError } from '../errors.ts';
import { orAborted } from '../gate/facts.ts';
import { limited } from '../gate/limited.ts';
import type { Push } from '../model/gate-facts.ts';
import type { StatusState } from '../model/status.ts';
import type { Verdict, VerdictStatus } from '../model/verdict.ts';
import type { CommandContext } from '../plugins/command.ts';
import type { OpenFork } from './gate-forks.ts';

const states: Readonly<Record<VerdictStatus, StatusState>> = {
  approved: 'success',
  rejected: 'failure',
  pending: 'pending',
  undetermined: 'error',
};

/** Shows the verdict beside the pushed commit on each fork. What cannot be shown is a warning: it changes no verdict. */
export async function reportVerdict(
  forks: readonly OpenFork[],
  push: Push,
  verdict: Verdict,
  { context, timeoutMs }: { readonly context: CommandContext; readonly timeoutMs: number },
): Promise<void> {
  const { sha, ref } = push;
  if (sha === null) return;
  const limit = limited(context.signal, timeoutMs);
  const { signal } = limit;
  const { status, sentence } = verdict;
  const report = async ({ name, repo, open }: OpenFork): Promise<void> => {
    try {
      const { statuses, alias } = await orAborted(open(), signal);
      if (statuses === undefined) {
        context.log.warn(`--set-status: the forge ${alias} of ${name} has no commit statuses`);
        return;
      }
      const shown = { sha, state: states[status], context: 'sluice/gate', description: sentence, ref };
      await orAborted(statuses.set(repo, shown, { signal }), signal);
    } catch (thrown) {
      context.signal.throwIfAborted();
      context.log.warn(`--set-status: the verdict is not shown on ${name}: ${toSluiceError(thrown).message}`);
    }
  };
  try {
    await Promise.all(forks.map(report));
  } finally {
    limit.clear();
  }
}
