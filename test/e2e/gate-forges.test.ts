import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type GateScene, openScene } from '../contract/gate-forges-scene.ts';
import { forges } from '../contract/gate-forges-traits.ts';
import { document, sluice } from '../support/sluice.ts';

describe.each(forges)('sluice gate on $name', (traits) => {
  const { words, right, person = (login: string) => login } = traits;

  function gate({ context, change }: GateScene, ...args: readonly string[]) {
    const { cwd, env, configFile = '' } = context;
    const pushed = ['--branch', 'fix', '--sha', change.head.sha];
    return sluice(['gate', '-c', configFile, ...pushed, ...args], { cwd, env });
  }

  test('from pending to approved, and the facts judge the same again', async () => {
    const scene = await openScene(traits);
    const { fake, fork, state, repo, change, conversation, context } = scene;
    const waits = await gate(scene, '--required-check', 'build');
    expect(waits).toMatchObject({ status: 1, stderr: '' });
    const [head, missing, page, check] = waits.stdout.split('\n');
    expect(head).toBe(`pending: fix (${change.head.sha.slice(0, 10)})`);
    expect(missing).toContain('0 of 1 approvals: 1 more approval is needed');
    expect(page).toMatch(new RegExp(`^    ${fake.webUrl}/.*/1$`));
    expect(check).toBe(`  - check build has not been reported on ${change.head.sha.slice(0, 10)}`);

    conversation.review('bob', 'approved');
    state.checks.add(repo, change.head.sha, { name: 'build', state: 'success' });
    const told = await gate(scene, '--required-check', 'build', '--explain');
    expect(told).toMatchObject({ status: 0, stderr: '' });
    for (const line of [
      `change ${fork} ${words.sigil}1: ${fork} ${words.sigil}1 is approved`,
      `state: ${fork} ${words.sigil}1 is open`,
      `review: ${person('bob')} approved`,
      'check build is green',
    ]) {
      expect(told.stdout).toContain(line);
    }

    const asked = await gate(scene, '--required-check', 'build', '--json');
    expect(asked.stdout).not.toContain(fake.token);
    expect(document(asked)).toMatchObject({ status: 'approved', exit: 0 });
    const facts = join(context.cwd, 'facts.json');
    await writeFile(facts, asked.stdout);
    const simulated = ['gate', 'simulate', facts, '--required-check', 'build', '--json'];
    const again = await sluice(simulated, { cwd: context.cwd, env: context.env });
    expect(document(again)).toMatchObject({ status: 'approved', verdict: document(asked).verdict });
  });

  test('a forge that fails is no yes, and is called by its own words', async () => {
    const scene = await openScene(traits);
    scene.conversation.review('bob', 'approved');
    scene.fake.fail({ fault: { kind: 'answer', status: 403, body: { message: 'Forbidden' } } });
    const { status, stdout } = await gate(scene, '--if-no-pr', 'allow');
    expect(status).toBe(2);
    expect(stdout).toContain(`${words.change}s of ${scene.repo}`);
    expect(stdout).toContain(right);
    expect(stdout).not.toContain(scene.fake.token);
  });

  test('--set-status shows the verdict where the forge shows builds', async () => {
    const scene = await openScene(traits);
    scene.conversation.review('bob', 'approved');
    expect(await gate(scene, '--set-status')).toMatchObject({ status: 0, stderr: '' });
    const shown = scene.state.statuses.of(scene.repo, scene.change.head.sha);
    expect(shown).toHaveLength(1);
    // It does not stand in its own way.
    expect(await gate(scene, '--required-check', 'sluice/gate')).toMatchObject({ status: 0 });
  });
});
