import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import type { Fault } from '../../support/fake-forge/faults.ts';
import { resolve } from '../../support/git-repo.ts';
import { type ForgeTraits, pathOf } from './traits.ts';
import { withCommit } from './with-commit.ts';

const page = 'https://ci.example.org/runs/7?full=1#end';

export function describeStatuses(traits: ForgeTraits): void {
  const { states, right, ref, urlLimit, replacesUnfinished = true } = traits.statuses;

  describe('commit statuses', () => {
    test.each(['pending', 'running', 'success', 'failure', 'error'] as const)('%s', async (state) => {
      const { report, kept, app } = await withCommit(traits);
      await report({ state, context: 'sluice/test', description: '3 of 4 passed', targetUrl: page });
      expect(kept(app)).toEqual([
        { context: 'sluice/test', state: states[state], description: '3 of 4 passed', url: page, ref: undefined },
      ]);
    });

    test('the same context again replaces it, from the first state to the last and on to another run', async () => {
      const { report, kept, app } = await withCommit(traits);
      for (const state of ['pending', 'running', 'failure', 'pending', 'success', 'success', 'error'] as const) {
        await report({ state, description: `now ${state}` });
        expect(kept(app)).toMatchObject([{ context: 'ci', state: states[state], description: `now ${state}` }]);
      }
    });

    test.each([
      ['pending', 'pending'],
      ['running', 'running'],
      ['running', 'pending'],
    ] as const)('what is %s may be said to be %s', async (first, second) => {
      const { report, kept, app } = await withCommit(traits);
      await report({ state: first, description: 'first' });
      await report({ state: second, description: 'second' });
      const description = replacesUnfinished ? 'second' : 'first';
      expect(kept(app)).toMatchObject([{ state: states[replacesUnfinished ? second : first], description }]);
      await report({ state: 'success', description: 'done' });
      expect(kept(app)).toMatchObject([{ state: states.success, description: 'done' }]);
    });

    test('two contexts and two commits stand side by side', async () => {
      const { report, kept, app, fake } = await withCommit(traits);
      const { head } = await fake.state.addChange({ repo: app, branch: 'other' });
      await report({ context: 'build', state: 'success' });
      await report({ context: 'lint', state: 'failure' });
      await report({ context: 'build', state: 'pending', sha: head.sha });
      expect(kept(app).map(({ context, state }) => [context, state])).toEqual([
        ['build', states.success],
        ['lint', states.failure],
      ]);
      expect(fake.state.statuses.of(app, head.sha)).toMatchObject([{ context: 'build', state: states.pending }]);
    });

    test('the ref is told where the forge has a place for it', async () => {
      const { report, kept, app } = await withCommit(traits);
      await report({ ref: 'refs/heads/fix/x' });
      expect(kept(app)).toMatchObject([{ ref }]);
    });

    test('without a target URL', async () => {
      const { report, kept, app, fake, sha } = await withCommit(traits);
      await report({});
      expect(kept(app)).toMatchObject([{ url: traits.statuses.page?.(fake.webUrl, app, sha) }]);
    });

    test('a target URL that the forge has no room for is left out', async () => {
      const { report, kept, app, fake, sha } = await withCommit(traits);
      const long = `https://ci.example.org/${'x'.repeat((urlLimit ?? 2000) - 22)}`;
      await report({ targetUrl: long });
      const short = traits.statuses.page?.(fake.webUrl, app, sha);
      expect(kept(app)).toMatchObject([{ url: urlLimit === undefined ? long : short }]);
    });

    test('what is no plain http(s) URL is refused before anything is sent', async () => {
      const { report, fake } = await withCommit(traits);
      for (const targetUrl of [
        'javascript:alert(1)',
        'file:///etc/passwd',
        '/runs/7',
        '',
        'https://me:hunter22@x.org/',
      ]) {
        await expect(report({ targetUrl })).rejects.toMatchObject({
          code: 'usage',
          message: expect.not.stringContaining('hunter22'),
        });
      }
      expect(fake.requests).toEqual([]);
    });
  });

  describe('commit statuses that cannot be set', () => {
    test('on a commit that the forge does not have', async () => {
      const { report, fake, app } = await withCommit(traits);
      const sha = '12'.repeat(20);
      await expect(report({ sha })).rejects.toMatchObject({
        code: 'not-found',
        message: expect.stringContaining(`"ci" of ${app} at ${sha.slice(0, 10)}`),
        hint: expect.any(String),
      });
      expect(fake.state.statuses.of(app, sha)).toEqual([]);
    });

    test('on what is no full id of a commit', async () => {
      const { report, fake } = await withCommit(traits);
      for (const sha of ['abc1234', '', 'HEAD', '../../x'])
        await expect(report({ sha })).rejects.toMatchObject({ code: 'usage' });
      expect(fake.requests).toEqual([]);
    });

    test('in a repository that does not exist', async () => {
      const { statuses, app, sha } = await withCommit(traits);
      const status = { sha, state: 'success', context: 'ci', description: '' } as const;
      await expect(statuses.set(`${app}x`, status)).rejects.toMatchObject({
        code: 'not-found',
        message: expect.stringContaining(`${app}x`),
      });
    });

    test('without the right to: the hint names it', async () => {
      const { fake, statuses } = await withCommit(traits);
      const repo = pathOf(traits, 'acme', 'readonly', 'organization');
      const { gitDir } = await fake.state.addRepository(repo, { mayReport: false });
      const status = { sha: await resolve(gitDir, 'main'), state: 'success', context: 'ci', description: '' } as const;
      await expect(statuses.set(repo, status)).rejects.toMatchObject({
        code: 'denied',
        message: expect.stringContaining(repo),
        hint: expect.stringMatching(right),
      });
      expect(fake.requests.length).toBe(1);
    });

    test('for longer than the client waits', async () => {
      const { report, fake, waits } = await withCommit(traits);
      fake.fail({ fault: { kind: 'answer', status: 502, body: { message: 'the words of the forge' } } });
      await expect(report({})).rejects.toMatchObject({
        code: 'unavailable',
        message: expect.stringContaining('the words of the forge'),
      });
      expect(waits.length).toBe(3);
    });

    test('because the forge says 500 and means it', async () => {
      const { report, fake } = await withCommit(traits);
      fake.fail({
        method: 'POST',
        fault: { kind: 'answer', status: 500, body: { message: 'the words of the forge' } },
      });
      await expect(report({})).rejects.toMatchObject({
        code: 'unavailable',
        message: expect.stringContaining('the words of the forge'),
      });
    });

    test('for a reason that the forge tells in its own words', async () => {
      const { report, fake } = await withCommit(traits);
      for (const status of [400, 422]) {
        fake.fail({ times: 1, fault: { kind: 'answer', status, body: { message: 'the words of the forge' } } });
        await expect(report({})).rejects.toMatchObject({
          code: 'usage',
          message: expect.stringContaining('the words of the forge'),
          hint: expect.any(String),
        });
      }
    });
  });

  const passing: readonly (readonly [string, Fault, readonly number[]])[] = [
    ['502', { kind: 'answer', status: 502 }, [500]],
    ['a reset connection', { kind: 'reset' }, [500]],
    ['429', { kind: 'answer', status: 429, headers: { 'retry-after': '9' } }, [9000]],
  ];
  test.each(passing)('a commit status is sent again after %s', async (_, fault, expected) => {
    const { report, kept, app, fake, waits } = await withCommit(traits);
    fake.fail({ times: 1, fault });
    await report({ state: 'success' });
    expect(kept(app)).toMatchObject([{ state: states.success }]);
    expect(waits).toEqual(expected);
  });

  test('a credential is neither published by a commit status nor repeated in its error', async () => {
    const { report, kept, app, fake } = await withCommit(traits);
    const { token } = fake;
    await report({ description: `push to https://x:${token}@git.example.org failed`, context: `ci ${token}` });
    expect(inspect(kept(app))).not.toContain(token);
    expect(kept(app)).toMatchObject([{ context: 'ci [secret]' }]);

    for (const status of [400, 401, 403, 404, 422, 500]) {
      fake.fail({ fault: { kind: 'answer', status, body: { message: `no: ${token}` } } });
      const error: unknown = await report({ context: `ci ${token}`, description: token }).catch((thrown) => thrown);
      expect(error).toMatchObject({ name: 'SluiceError' });
      expect(inspect(error, { depth: Number.POSITIVE_INFINITY, showHidden: true })).not.toContain(token);
      fake.heal();
    }
  });
}
