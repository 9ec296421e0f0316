import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { listChangeHeads } from '../../../src/core/app/poll-changes.ts';
import { openResults } from '../../../src/core/app/results.ts';
import type { TrustRules } from '../../../src/core/app/trust-facts.ts';
import { requireTrustRoles } from '../../../src/core/app/trust-roles.ts';
import { builtInForges, openForge } from '../../../src/core/forges/registry.ts';
import type { RunPipeline } from '../../../src/core/poll/ports.ts';
import { exitStatusOf } from '../../../src/core/poll/tally.ts';
import { watch } from '../../../src/core/poll/watch.ts';
import { Secret } from '../../../src/core/secret.ts';
import { parsePolicies } from '../../../src/core/trust/policy.ts';
import { onceOptions } from '../../faults/poll-site.ts';
import { startFakeGithub } from '../../support/fake-forge/github.ts';
import { isolatedGitEnv } from '../../support/git-repo.ts';
import { testDir } from '../../support/temp-dir.ts';
import { eventLog, fileEndpoint, listThroughGit, openTestState, quickWorld, watched } from './site.ts';

/** `sluice poll --prs --result status` of `acme/app` on a GitHub, with a change request of a stranger. */
async function openScene(policies: readonly string[], guarded?: TrustRules['guarded']) {
  const root = await testDir();
  const fake = await startFakeGithub({ pageSize: 50 });
  onTestFinished(() => fake.close());
  const { state } = fake;
  state.addAccount('acme', { kind: 'organization' });
  for (const login of ['wendy', 'rick', 'stranger']) state.addAccount(login);
  const app = await state.addRepository('acme/app');
  await state.addRepository('stranger/app', { parent: 'acme/app' });
  state.members.grant('acme/app', 'wendy', 'write');
  const definition = builtInForges.find(({ type }) => type === 'github');
  if (definition === undefined) throw new Error('there is no github');
  const { webUrl, apiUrl, token } = fake;
  const forge = await openForge(definition, { alias: 'gh', webUrl, apiUrl, token: new Secret(token) }, {});
  const rules: TrustRules = { policies: parsePolicies(policies), ...(guarded && { guarded }) };
  requireTrustRoles(forge, rules);

  const endpoint = { ...fileEndpoint(app.gitDir), forge, repo: 'acme/app' };
  const selection = { branches: ['**'], exclude: [], tags: [], changes: true };
  const repository = watched('app', { endpoint, selection, initial: 'baseline', results: ['status'] });
  const ran: string[] = [];
  const log = eventLog();
  const run: RunPipeline = async ({ run: { newOid }, onStart }) => {
    onStart({ group: undefined, log: undefined });
    ran.push(newOid ?? '');
    return { state: 'success', exitStatus: 0 };
  };
  const ports = {
    db: await openTestState(join(root, 'poll.sqlite')),
    list: listThroughGit(root),
    listChangeHeads: listChangeHeads({
      rulesOf: () => rules,
      listBranch: () => Promise.reject(new Error('its heads are in the listing')),
      warn: () => {},
      random: () => 0.5,
    }),
    send: openResults({ env: isolatedGitEnv(), withheld: [], tempRoot: root }),
    ...{ run, killOrphan: async () => {}, removeLog: async () => {}, onEvent: log.onEvent, world: quickWorld() },
  };
  return {
    fake,
    ran,
    log,
    /** `--once`; gives the exit status. */
    poll: async () => exitStatusOf(await watch(onceOptions([repository]), ports)),
    statusOf: (sha: string) =>
      state.statuses.of('acme/app', sha).map(({ state: is, description }) => [is, description]),
    async open(branch = 'evil') {
      await watch(onceOptions([repository]), ports);
      return await state.addChange({ repo: 'acme/app', from: 'stranger/app', branch, author: 'stranger' });
    },
  };
}

type Scene = Awaited<ReturnType<typeof openScene>>;

test.each<[string, (scene: Scene, login: string) => unknown]>([
  ['review:writer', ({ fake }, login) => fake.state.about('acme/app', 1).review(login, 'approved')],
  ['label:ok to test', ({ fake }, login) => fake.state.about('acme/app', 1).label(login, 'ok to test')],
  ['comment:/ok-to-test', ({ fake }, login) => fake.state.about('acme/app', 1).comment(login, '/ok-to-test')],
])(
  '%s: a stranger waits with a status that says for what, runs when a writer says so, and waits again with a new head',
  async (policy, vouch) => {
    const scene = await openScene(['internal', policy]);
    const { fake, ran, poll, statusOf } = scene;
    const { head } = await scene.open();
    expect(await poll()).toBe(0);
    expect(ran).toEqual([]);
    expect(statusOf(head.sha)).toEqual([
      ['pending', expect.stringMatching(/^waiting: a person with write access must /)],
    ]);

    vouch(scene, 'rick');
    await poll();
    expect(ran).toEqual([]);
    vouch(scene, 'wendy');
    await poll();
    expect(ran).toEqual([head.sha]);
    expect(statusOf(head.sha)).toEqual([['success', 'success']]);

    const { head: next } = await fake.state.pushChange('acme/app', 1);
    await poll();
    expect(ran).toEqual([head.sha]);
    expect(statusOf(next.sha)).toEqual([['pending', expect.stringMatching(/^waiting: /)]]);
    await poll();
    expect(scene.log.of('look-failed')).toEqual([]);
  },
);

test('a guarded path needs an approval, also of one whose author is trusted', async () => {
  const { fake, open, ran, poll, statusOf } = await openScene(['author:stranger'], (path) =>
    path.startsWith('changes/'),
  );
  const { head } = await open();
  await poll();
  expect(statusOf(head.sha)).toEqual([['pending', expect.stringContaining('it changes changes/1.txt')]]);
  fake.state.about('acme/app', 1).review('wendy', 'approved');
  await poll();
  expect(ran).toEqual([head.sha]);
});

test('what is settled costs one request at each look', async () => {
  const { fake, open, poll } = await openScene(['internal', 'review']);
  await open();
  await poll();
  fake.state.about('acme/app', 1).review('wendy', 'approved');
  await poll();
  const before = fake.requests.length;
  await poll();
  expect(fake.requests.slice(before).map(({ method, url }) => `${method} ${url.pathname}`)).toEqual([
    'GET /api/v3/repos/acme/app/pulls',
  ]);
});

test('an API that answers 403 for the facts gives no trust, and leaves the branches alone', async () => {
  const { fake, open, ran, poll } = await openScene(['internal', 'review']);
  await open();
  fake.state.about('acme/app', 1).review('wendy', 'approved');
  fake.fail({ path: /collaborators/, fault: { kind: 'answer', status: 403, body: { message: 'no' } } });
  expect(await poll()).toBe(77);
  expect(ran).toEqual([]);
  fake.heal();
  expect(await poll()).toBe(0);
  expect(ran).toHaveLength(1);
});
