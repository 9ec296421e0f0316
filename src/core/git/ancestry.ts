import { type Ancestry, type Move, moveKey } from '../model/move.ts';
import type { ObjectFormat } from '../model/ref.ts';
import { type BareRepository, dropRemoteSettings, withThrowAwayRepository } from './bare.ts';
import { type CacheOptions, withHistory } from './cache.ts';
import type { Endpoint } from './endpoint.ts';
import type { GitContext } from './remote.ts';
import { fetchInto, shallowBoundary } from './transfer/fetch.ts';
import { parseParents } from './transfer/graph.ts';

/**
 * Whether each old commit is an ancestor of its new one, learnt from commits alone (`--filter=tree:0`), a few at first: a branch
 * usually moved a few commits. `unknown` where the server ignores filters and would send whole trees.
 */
async function ancestryByCommits(
  context: GitContext,
  from: Endpoint,
  format: ObjectFormat,
  moves: readonly Move[],
): Promise<ReadonlyMap<string, Ancestry>> {
  return await withThrowAwayRepository(context, format, async (repository) => {
    const known = new Map<string, Ancestry>();
    let open = moves;
    for (const depth of [32, 1024, Number.POSITIVE_INFINITY]) {
      const { filtered } = await fetchCommits(context, repository, from, open, depth);
      await dropRemoteSettings(repository, format);
      const complete = (await shallowBoundary(repository)).size === 0;
      for (const [key, answer] of await ancestryByHistory(repository, open)) {
        if (answer === 'ancestor' || complete) known.set(key, answer);
      }
      open = moves.filter((move) => !known.has(moveKey(move)));
      if (open.length === 0 || !filtered) break;
    }
    for (const move of open) known.set(moveKey(move), 'unknown');
    return known;
  });
}

async function fetchCommits(
  context: GitContext,
  repository: BareRepository,
  from: Endpoint,
  moves: readonly Move[],
  depth: number,
) {
  return await fetchInto(context, repository, from, {
    refspecs: [...new Set(moves.map((move) => move.new))].map((oid) => `${oid}:refs/sluice/new/${oid}`),
    filter: 'tree:0',
    ...(Number.isFinite(depth) ? { depth } : { unshallow: true }),
  });
}

/** The answer whatever it takes: where commits alone cannot be had, the whole history is fetched, kept if there is a cache. */
export async function ancestry(
  context: GitContext,
  from: Endpoint,
  format: ObjectFormat,
  moves: readonly Move[],
  cache: CacheOptions | undefined,
): Promise<ReadonlyMap<string, Ancestry>> {
  const known = await ancestryByCommits(context, from, format, moves);
  const open = moves.filter((move) => known.get(moveKey(move)) === 'unknown');
  if (open.length === 0) return known;
  const complete = await withHistory(context, from, format, cache, async (repository) => {
    await fetchInto(context, repository, from, {
      refspecs: open.map((move) => `+${move.new}:refs/sluice/new/${move.new}`),
    });
    return await ancestryByHistory(repository, open);
  });
  return new Map([...known, ...complete]);
}

/** From a repository that holds the whole history of the new commits. */
async function ancestryByHistory(
  repository: BareRepository,
  moves: readonly Move[],
): Promise<ReadonlyMap<string, Ancestry>> {
  const known = new Map<string, Ancestry>();
  for (const move of moves) known.set(moveKey(move), (await isReachable(repository, move)) ? 'ancestor' : 'diverged');
  return known;
}

async function isReachable(repository: BareRepository, move: Move): Promise<boolean> {
  const graph = parseParents(await repository.git('rev-list', '--parents', move.new));
  return graph.has(move.old);
}
