import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { changed, openServeScene, type ServeScene } from '../e2e/serve-scene.ts';
import type { Scenario } from '../support/deliveries/scenario.ts';
import type { FakeChange } from '../support/fake-forge/state.ts';

/** What people do to a change request, as far as the forge tells of it. */
const steps = ['push', 'push back', 'close', 'reopen'] as const;
type Step = (typeof steps)[number];

const histories = fc.record({
  steps: fc.array(fc.constantFrom(...steps), { minLength: 1, maxLength: 5 }),
  /** The fork is deleted in the end. */
  forkGoes: fc.boolean(),
  /** Puts the deliveries out of order; those with an odd key come twice. */
  order: fc.array(fc.nat(1000), { minLength: 7, maxLength: 7 }),
});

/** Does it at the fake, and gives the deliveries in the order in which the forge sent them. */
async function live(scene: ServeScene, change: FakeChange, wanted: readonly Step[]): Promise<readonly Scenario[]> {
  const { state } = scene.fake;
  const now = () => state.changesOf('acme/app').find(({ number }) => number === change.number) ?? change;
  const sent: Scenario[] = [changed('opened', change)];
  for (const step of wanted) {
    const open = now().state === 'open';
    if (step === 'close' && open) {
      state.setChangeState('acme/app', change.number, 'closed');
      sent.push(changed('closed', now()));
    } else if (step === 'reopen' && !open) {
      state.setChangeState('acme/app', change.number, 'open');
      sent.push(changed('reopened', now()));
    } else if (step.startsWith('push') && open) {
      await state.pushChange('acme/app', change.number, step === 'push' ? {} : { sha: change.head.sha });
      sent.push(changed('updated', now()));
    }
  }
  return sent;
}

function shuffled(sent: readonly Scenario[], order: readonly number[]): readonly Scenario[] {
  const keyed = sent.map((scenario, at) => ({ scenario, key: order[at] ?? 0 }));
  const twice = keyed.filter(({ key }) => key % 2 === 1).map(({ scenario, key }) => ({ scenario, key: key * 7 }));
  return [...keyed, ...twice].sort((a, b) => a.key - b.key).map(({ scenario }) => scenario);
}

test('change-request events that come in any order, twice or late end in what the forge says', async () => {
  const changes = { trust: ['internal', 'author:stranger'] };
  const scene = await openServeScene({ mirror: { to: 'gh:mirrors/app', changes } }, { reconcile: 0 });
  const server = await scene.start();
  const { state } = scene.fake;
  let fork = 0;

  const property = fc.asyncProperty(histories, async ({ steps: wanted, forkGoes, order }) => {
    fork += 1;
    const from = `stranger/fork-${fork}`;
    await state.addRepository(from, { parent: 'acme/app' });
    const change = await state.addChange({ repo: 'acme/app', from, branch: 'fix', author: 'stranger' });
    const sent = await live(scene, change, wanted);
    if (forkGoes) await state.deleteRepository(from);
    for (const scenario of shuffled(sent, order)) expect(await server.send(scenario)).toMatchObject({ status: 202 });
    const last = state.changesOf('acme/app').find(({ number }) => number === change.number);
    const expected = last?.state === 'open' ? last.head.sha : undefined;
    await vi.waitFor(
      async () => {
        const { jobs } = await scene.command('jobs', 'list', '--state', 'queued', '--state', 'running');
        expect(jobs).toEqual([]);
      },
      { timeout: 30_000, interval: 50 },
    );
    expect((await scene.branches('mirrors/app'))[`pr/${change.number}`]).toBe(expected);
  });

  await fc.assert(property, { numRuns: 12, endOnFailure: true });
});
