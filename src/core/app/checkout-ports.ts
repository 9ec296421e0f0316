import { type CacheOptions, discardHistory, withHistory } from '../git/cache.ts';
import { type GitContext, runRemote } from '../git/remote.ts';
import { fetchInto } from '../git/transfer/fetch.ts';
import type { CheckoutPorts } from '../pipeline/checkout.ts';

/** Fills what a checkout needs with git and the kept repositories. */
export function checkoutPorts(git: GitContext, cache: CacheOptions): CheckoutPorts {
  return {
    withHistory: (from, format, work) => withHistory(git, from, format, cache, work),
    discard: (from, format) => discardHistory(git, from, format, cache),
    fetch: (repository, from, fetch) => fetchInto(git, repository, from, fetch),
    git: (from, call) => runRemote(git, from, call),
  };
}
