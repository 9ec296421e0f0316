import { describe, expect, test } from 'vitest';
import type { ForgeDefinition } from '../../src/core/forges/definition.ts';
import { builtInForges, openForge } from '../../src/core/forges/registry.ts';
import { judgePush } from '../../src/core/gate/judge-push.ts';
import type { GatePolicy } from '../../src/core/gate/policy.ts';
import { gateSettings, policyOf } from '../../src/core/gate/settings.ts';
import type { Transport } from '../../src/core/http/exchange.ts';
import { nodeTransport } from '../../src/core/http/node-transport.ts';
import { Secret } from '../../src/core/secret.ts';
import { type GateScene, openScene } from './gate-forges-scene.ts';
import { forges, type GateTraits } from './gate-forges-traits.ts';

interface Counted {
  readonly status: string;
  readonly sentence: string;
  /** How many requests were on their way at once, round trip by round trip. */
  readonly rounds: readonly number[];
}

/**
 * Answers come only when as many requests as expected are on their way together: one that waits for the answer of another one of its round
 * trip would wait for ever, and what is beyond the expected ones is counted in rounds of its own.
 */
function inRounds(expected: readonly number[], send: Transport): { readonly transport: Transport; rounds(): number[] } {
  const seen: number[] = [];
  let round = 0;
  let doors = Promise.withResolvers<void>();
  return {
    rounds: () => seen,
    transport: async (exchange) => {
      seen[round] = (seen[round] ?? 0) + 1;
      const open = doors.promise;
      if (seen[round] === (expected[round] ?? 1)) {
        doors.resolve();
        doors = Promise.withResolvers();
        round += 1;
      }
      await open;
      return await send(exchange);
    },
  };
}

/** Asks as `sluice gate` does, of a forge that was never asked before. */
async function count(
  { type }: GateTraits,
  { fake, repo, fork, change, context }: GateScene,
  policy: GatePolicy,
  expected: readonly number[],
): Promise<Counted> {
  const { transport, rounds } = inRounds(expected, nodeTransport({}));
  const definition = builtInForges.find((one) => one.type === type) as ForgeDefinition;
  const { webUrl, apiUrl, token } = fake;
  const account = { alias: 'int', webUrl, apiUrl, token: new Secret(token) };
  const open = () => openForge(definition, account, { transport, maxRetries: 0, env: {} });
  const ports = { forks: [{ name: fork, repo, cacheKey: undefined, open }], now: Date.now, timeoutMs: 20_000 };
  const push = { kind: 'branch', ref: 'refs/heads/fix', branch: 'fix', sha: change.head.sha } as const;
  const { verdict } = await judgePush(ports, policy, push, context.signal);
  return { status: verdict.status, sentence: verdict.sentence, rounds: rounds() };
}

describe.each(forges)('the gate on $name: round trips', (traits) => {
  const { rounds, team } = traits;
  const policies = [
    ['an approval', {}, rounds.approval],
    ['an approval and a check', { requiredCheck: ['build'] }, rounds.check],
    ['an approval of a team and a check', { requiredCheck: ['build'], requireTeam: [team ?? ''] }, rounds.team],
    ['an approval of what is up to date', { upToDate: true, base: ['main'] }, rounds.upToDate],
    ['an approval of code owners', { requireCodeOwners: true, base: ['main'] }, rounds.owners],
  ] as const;

  test.each(policies.filter(([, , expected]) => expected !== undefined))('%s', async (_, flags, expected = []) => {
    const scene = await openScene(traits);
    const { state, repo, change, conversation, context } = scene;
    if ('requireCodeOwners' in flags) await scene.own([{ pattern: '*', owners: ['bob'] }]);
    conversation.review('bob', 'approved');
    state.checks.add(repo, change.head.sha, { name: 'build', state: 'success' });
    if (team !== undefined) state.members.addTeam(team, ['bob']);
    const { gate } = await context.config();
    const asked = await count(traits, scene, await policyOf(gateSettings(flags, gate), [], flags), expected);
    expect(asked).toMatchObject({ status: 'approved', rounds: expected });
  });
});
