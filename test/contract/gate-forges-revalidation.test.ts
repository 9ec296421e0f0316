import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { ForgeDefinition } from '../../src/core/forges/definition.ts';
import { builtInForges, openForge } from '../../src/core/forges/registry.ts';
import { judgePush } from '../../src/core/gate/judge-push.ts';
import { gateSettings, policyOf } from '../../src/core/gate/settings.ts';
import { keptInMemory } from '../../src/core/http/kept-answers.ts';
import { keptInFiles } from '../../src/core/http/kept-files.ts';
import { nodeTransport } from '../../src/core/http/node-transport.ts';
import { revalidating } from '../../src/core/http/revalidate.ts';
import type { GateFacts } from '../../src/core/model/gate-facts.ts';
import { privateFiles } from '../../src/core/private-files.ts';
import { Secret } from '../../src/core/secret.ts';
import { testDir } from '../support/temp-dir.ts';
import { type GateScene, openScene } from './gate-forges-scene.ts';
import { forges, type GateTraits } from './gate-forges-traits.ts';

interface Told {
  readonly status: string;
  readonly facts: GateFacts;
  /** Reads, and how many of them were confirmed by a 304. */
  readonly reads: number;
  readonly confirmed: number;
}

/** Asks as one run of `sluice gate` does, with what runs before it kept in `dir`; undefined: nothing was ever kept. */
async function ask({ type, team }: GateTraits, scene: GateScene, dir: string | undefined, sha?: string): Promise<Told> {
  const { fake, repo, fork, change, context } = scene;
  const warn = (sentence: string) => expect.unreachable(sentence);
  const files = dir === undefined ? undefined : keptInFiles(privateFiles({ dir, keepMs: 60_000, now: Date.now }), warn);
  const transport = revalidating(nodeTransport({}), keptInMemory(files));
  const definition = builtInForges.find((one) => one.type === type) as ForgeDefinition;
  const { webUrl, apiUrl, token } = fake;
  const account = { alias: 'int', webUrl, apiUrl, token: new Secret(token) };
  const open = () => openForge(definition, account, { transport, maxRetries: 0, env: {} });
  const ports = { forks: [{ name: fork, repo, cacheKey: undefined, open }], now: () => 0, timeoutMs: 20_000 };
  const push = { kind: 'branch', ref: 'refs/heads/fix', branch: 'fix', sha: sha ?? change.head.sha } as const;
  const flags = { requiredCheck: ['build'], ...(team === undefined ? {} : { requireTeam: [team] }) };
  const policy = await policyOf(gateSettings(flags, (await context.config()).gate), [], flags);
  const before = fake.requests.length;
  const { verdict, facts } = await judgePush(ports, policy, push, context.signal);
  const reads = fake.requests.slice(before).filter(({ method }) => method === 'GET');
  const confirmed = reads.filter(({ answer }) => answer?.status === 304).length;
  return { status: verdict.status, facts, reads: reads.length, confirmed };
}

/** A change request that passes, on a forge whose pages are as large as they are asked for. */
async function openTagged(traits: GateTraits, kind: 'strong' | 'weak', pages: boolean): Promise<GateScene> {
  const scene = await openScene({ ...traits, start: () => traits.start({ pageSize: 100 }) });
  const { state, repo, change, conversation, fake } = scene;
  conversation.review('bob', 'approved');
  state.checks.add(repo, change.head.sha, { name: 'build', state: 'success' });
  if (traits.team !== undefined) state.members.addTeam(traits.team, ['bob']);
  fake.tag({ kind, pages });
  return scene;
}

const tags = [
  ['strong', false],
  ['weak', true],
] as const;

describe.each(forges)('the gate on $name: answers that still stand', (traits) => {
  test.each(tags)('say the same as new ones, by %s tags', async (kind, pages) => {
    const scene = await openTagged(traits, kind, pages);
    const dir = join(await testDir(), 'answers');
    const plain = await ask(traits, scene, undefined);
    // At least the members of the team, which is all that is not read over GraphQL.
    expect(plain.reads).toBeGreaterThan(0);
    expect(plain).toMatchObject({ status: 'approved', confirmed: 0 });
    const first = await ask(traits, scene, dir);
    expect(first).toEqual(plain);
    const second = await ask(traits, scene, dir);
    expect(second.facts).toEqual(plain.facts);
    // Nothing comes whole again. Where pages are counted, a 304 that is silent about the next one costs a look at it.
    expect(second.confirmed).toBeGreaterThanOrEqual(plain.reads);
    if (pages) expect(second.reads).toBe(plain.reads);
  });

  test('are followed by new ones as soon as something changes', async () => {
    const scene = await openTagged(traits, 'weak', false);
    const { state, repo, change, conversation } = scene;
    const dir = join(await testDir(), 'answers');
    const steps: readonly (readonly [string, () => unknown])[] = [
      ['approved', () => {}],
      ['rejected', () => conversation.review('cy', 'changes-requested')],
      ['rejected', () => {}],
      ['approved', () => conversation.review('cy', 'approved')],
      ['rejected', () => state.checks.add(repo, change.head.sha, { name: 'build', state: 'failure' })],
      ['approved', () => state.checks.add(repo, change.head.sha, { name: 'build', state: 'success' })],
      ['rejected', () => scene.push()],
      ['rejected', () => state.setChangeState(repo, change.number, 'closed')],
    ];
    for (const [status, step] of steps) {
      await step();
      const told = await ask(traits, scene, dir);
      const { facts } = await ask(traits, scene, undefined);
      expect(told).toMatchObject({ status, facts });
    }
  });

  test('are of no other commit', async () => {
    const scene = await openTagged(traits, 'strong', false);
    const dir = join(await testDir(), 'answers');
    expect(await ask(traits, scene, dir)).toMatchObject({ status: 'approved' });
    const other = await scene.add({ branch: 'other' });
    expect(await ask(traits, scene, dir, other.head.sha)).not.toMatchObject({ status: 'approved' });
    const moved = await scene.push();
    expect(await ask(traits, scene, dir, moved)).not.toMatchObject({ status: 'approved' });
    expect(await ask(traits, scene, dir)).not.toMatchObject({ status: 'approved' });
  });
});
