import type { CommandContext } from '../plugins/command.ts';
import type { Metrics } from '../serve/http/metrics.ts';

/** Counts the requests to every forge that is opened through this context. */
export function countRequests(context: CommandContext, metrics: Metrics): CommandContext {
  const forge = (alias: string) =>
    context.forge(alias, {
      onAnswer({ status, remaining, resource }) {
        metrics.forgeRequest(alias, status);
        if (remaining !== undefined) metrics.rateLimit(alias, resource, remaining);
      },
    });
  return { ...context, forge };
}

/** Does some work with git and takes its time. */
export type TimeGit = <T>(
  operation: 'mirror' | 'ls-refs' | 'transfer' | 'checkout',
  work: () => Promise<T>,
) => Promise<T>;

/** Feeds the histogram of git operations. */
export function timeGit({ git }: Pick<Metrics, 'git'>): TimeGit {
  return async (operation, work) => {
    const began = performance.now();
    const told = (result: 'success' | 'failure') => git(operation, result, (performance.now() - began) / 1000);
    try {
      const done = await work();
      told('success');
      return done;
    } catch (error) {
      told('failure');
      throw error;
    }
  };
}
