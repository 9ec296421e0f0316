import { toSluiceError } from '../errors.ts';
import type { ForkFacts, GateFacts, Push, UnknownFact } from '../model/gate-facts.ts';
import type { Oid } from '../model/ref.ts';
import { askFork } from './ask-fork.ts';
import { soundForkFacts } from './decode.ts';
import { orAborted, throwIfInterrupted, unknownBecause } from './facts.ts';
import { isJudgedByFacts } from './judge.ts';
import { limited } from './limited.ts';
import { needsOf } from './needs.ts';
import type { GatePolicy } from './policy.ts';
import type { GateFork, GatePorts } from './ports.ts';
import { type PreparedLookup, prepareLookups } from './queries.ts';

/**
 * Asks every fork at once for what the policy's rules look at. Whatever cannot be learned is an unknown fact; thrown is only what makes
 * asking senseless (SluiceError `usage`, `config`) or was asked for by a person (`interrupted`).
 */
export async function gatherFacts(
  ports: GatePorts,
  policy: GatePolicy,
  push: Push,
  signal: AbortSignal,
): Promise<GateFacts> {
  const { sha } = push;
  if (sha === null || !isJudgedByFacts(push)) return { version: 1, push, forks: [] };
  const lookups = prepareLookups(push, sha, policy, ports.now());
  const limit = limited(signal, ports.timeoutMs);
  try {
    const forks = ports.forks.map((fork) => gatherFork(fork, { ports, policy, sha, lookups, signal: limit.signal }));
    return { version: 1, push, forks: await Promise.all(forks) };
  } finally {
    limit.clear();
  }
}

interface Asking {
  readonly ports: GatePorts;
  readonly policy: GatePolicy;
  readonly sha: Oid;
  readonly lookups: readonly PreparedLookup[];
  readonly signal: AbortSignal;
}

async function gatherFork(fork: GateFork, { ports, policy, sha, lookups, signal }: Asking): Promise<ForkFacts> {
  const needs = needsOf(policy);
  const question = JSON.stringify({ sha, queries: lookups.map(({ query }) => query), needs });
  const ask = async (): Promise<ForkFacts> => {
    let request = `open the forge of ${fork.name}`;
    try {
      const forge = await orAborted(fork.open(), signal);
      request = `ask ${fork.name}`;
      return soundForkFacts(await askFork({ fork, forge, sha, lookups, needs, signal }));
    } catch (thrown) {
      throwIfInterrupted(signal);
      const error = toSluiceError(thrown);
      if (['usage', 'config', 'interrupted'].includes(error.code)) throw error;
      return nothingLearned(fork, lookups, unknownBecause(request, error));
    }
  };
  return ports.recall === undefined ? await ask() : await ports.recall(fork, question, ask);
}

/** The first lookup says why. */
function nothingLearned(fork: GateFork, lookups: readonly PreparedLookup[], unknown: UnknownFact): ForkFacts {
  return {
    fork: fork.name,
    repo: fork.repo,
    words: { change: 'change request', sigil: '#' },
    lookups: lookups.slice(0, 1).map(({ by }) => ({ by, found: { unknown } })),
    changes: [],
    checks: { unknown },
    people: { unknown },
    teams: [],
  };
}
