import type { Endpoint } from '../git/endpoint.ts';
import type { RefName } from '../model/ref.ts';
import type { WatchedRepository } from './repository.ts';
import { listingPrefixes } from './select.ts';
import { type Slots, slots } from './slots.ts';

/** One remote with everybody who watches it: one listing serves them all. */
export interface Remote {
  readonly endpoint: Endpoint;
  /** At most so many requests at one time go to remotes of the same host. */
  readonly host: string;
  readonly watchers: readonly WatchedRepository[];
  /** Of all refs that the watchers watch; empty when nothing is to be listed. */
  readonly prefixes: readonly RefName[];
  /** That of the most impatient watcher. */
  readonly intervalMs: number;
}

/** Takes the step for all remotes at the same time; `slotsOfHost` is for its requests. */
export async function forEachRemote(
  repositories: readonly WatchedRepository[],
  step: (remote: Remote, slotsOfHost: Slots) => Promise<void>,
): Promise<void> {
  const hosts = new Map<string, Slots>();
  await Promise.all(
    groupByRemote(repositories).map((remote) => {
      const slotsOfHost = hosts.get(remote.host) ?? slots(mostLooksAtOnce(remote.host));
      hosts.set(remote.host, slotsOfHost);
      return step(remote, slotsOfHost);
    }),
  );
}

/** Watchers share a remote when they ask the same URL with the same credential (a forge's alias stands for its credential). */
function groupByRemote(repositories: readonly WatchedRepository[]): readonly Remote[] {
  const groups = Map.groupBy(repositories, ({ endpoint }) => JSON.stringify([endpoint.url, endpoint.forge?.alias]));
  return [...groups.values()].flatMap((watchers) => {
    const endpoint = watchers[0]?.endpoint;
    if (endpoint === undefined) return [];
    const intervalMs = Math.min(...watchers.map((watcher) => watcher.intervalMs));
    const prefixes = listingPrefixes(watchers.map(({ selection }) => selection));
    return [{ endpoint, host: hostOf(endpoint), watchers, prefixes, intervalMs }];
  });
}

/**
 * Over HTTP a look is one small request, bound by latency, not by work; anything else is a git process, and more of them than cores only
 * wait for each other.
 */
function mostLooksAtOnce(host: string): number {
  return host.startsWith('http') ? 64 : 4;
}

/** Git processes share one limit, because they share this machine. */
function hostOf({ transport, url }: Endpoint): string {
  return transport === 'http' ? new URL(url).origin : 'git';
}
