import { describe, expect, onTestFinished, test } from 'vitest';
import { bitbucket } from '../../../src/core/forges/bitbucket/index.ts';
import type { Forge } from '../../../src/core/forges/forge.ts';
import type { Change } from '../../../src/core/model/change.ts';
import { Secret } from '../../../src/core/secret.ts';
import { startFakeBitbucket } from '../../support/fake-forge/bitbucket.ts';
import type { FakeForge } from '../../support/fake-forge/server.ts';

const app = 'acme/app';

interface WithChange {
  readonly fake: FakeForge;
  readonly forge: Forge;
  readonly change: Change;
}

/** What Bitbucket Cloud alone has to say of pull request 1, which is ada's. */
async function withChange(): Promise<WithChange> {
  const fake = await startFakeBitbucket({ pageSize: 100 });
  onTestFinished(() => fake.close());
  fake.state.addAccount('ada');
  await fake.state.addRepository(app);
  await fake.state.addChange({ repo: app, branch: 'fix', author: 'ada' });
  const { webUrl, apiUrl, token } = fake;
  const forge = bitbucket.create({ alias: 'bb', webUrl, apiUrl, token: new Secret(token) }, { maxRetries: 0 });
  const [change] = (await forge.changeSearch?.search(app, { kind: 'branch', branch: 'fix' })) ?? [];
  return { fake, forge, change: change as Change };
}

function says(path: RegExp, body: unknown, status = 200) {
  return { path, fault: { kind: 'answer', status, body } } as const;
}

describe('search', () => {
  test.each(['a"b', 'a" OR title != "'])('a branch that would end the query: %s', async (branch) => {
    const { fake, forge } = await withChange();
    expect(await forge.changeSearch?.search(app, { kind: 'branch', branch })).toEqual([]);
    const q = fake.requests.at(-1)?.url.searchParams.get('q');
    expect(q).toBe(`source.branch.name = "${branch.replaceAll('"', '\\"')}"`);
  });

  test('a head that is on its way to another commit is not known', async () => {
    const { fake, forge } = await withChange();
    fake.fail(says(/pullrequests\/1\/commits/, { pagelen: 1, values: [{ hash: '1'.repeat(40) }] }));
    const found = await forge.changeSearch?.search(app, { kind: 'branch', branch: 'fix' });
    expect(found).toMatchObject([{ number: 1, head: { sha: undefined } }]);
  });

  test('of those that have ended the newest are completed, and a branch that is gone keeps nobody from the rest', async () => {
    const { fake, forge } = await withChange();
    for (let at = 0; at < 9; at += 1) await fake.state.addChange({ repo: app, branch: 'old', state: 'closed' });
    fake.fail(says(/pullrequests\/9\/commits/, { error: { message: 'Not found' } }, 404));
    const found = await forge.changeSearch?.search(app, { kind: 'branch', branch: 'old' });
    const unknown = found?.filter(({ head }) => head.sha === undefined).map(({ number }) => number);
    expect([found?.length, unknown]).toEqual([9, [9, 2]]);
  });

  test.each([
    ['are being linked', says(/pullrequests$|pullrequests\?pagelen/, { pagelen: 50, values: [] }, 202)],
    ['are not linked', says(/pullrequests$|pullrequests\?pagelen/, { error: { message: 'Not found' } }, 404)],
  ])('by commit, when commits and pull requests %s', async (_, fault) => {
    const { fake, forge, change } = await withChange();
    fake.fail(fault);
    const search = forge.changeSearch?.search(app, { kind: 'commit', sha: change.head.sha ?? '' });
    await expect(search).rejects.toMatchObject({
      code: 'unavailable',
      hint: expect.stringContaining('Pull Request Commit Links'),
    });
  });
});

test('what is said of a head that came since the search is not said of the one that was found', async () => {
  const { fake, forge, change } = await withChange();
  fake.state.about(app, 1).review('eve', 'approved');
  await fake.state.pushChange(app, 1);
  await expect(forge.reviews?.list(app, change)).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringContaining('moved'),
  });
});

test('a namesake is somebody else', async () => {
  const { fake, forge, change } = await withChange();
  // Everybody has the same nickname in the fake.
  fake.state.about(app, 1).review('eve', 'approved');
  fake.state.members.grant(app, 'ada', 'write');
  const history = await forge.reviews?.list(app, change);
  expect(history?.reviews.map(({ by }) => [by?.login, by?.name])).toEqual([['eve', 'eve by name']]);
  expect(change.author).toBe('ada');
  expect(await forge.members?.canWrite(app, 'eve')).toBe(false);
  expect(await forge.members?.canWrite(app, 'ada')).toBe(true);
});

describe('checks', () => {
  test('are known by their key and by the name that the pages show', async () => {
    const { fake, forge, change } = await withChange();
    const build = { key: 'unit', name: 'Unit tests #12', state: 'SUCCESSFUL', url: null };
    const updated_on = '2025-01-01T00:00:00.000000+00:00';
    fake.fail(says(/statuses/, { values: [{ ...build, updated_on }] }));
    const checks = await forge.checks?.list(app, change.head.sha ?? '');
    expect(checks?.map(({ name, state }) => [name, state])).toEqual([
      ['unit', 'success'],
      ['Unit tests #12', 'success'],
    ]);
  });

  test('of two with one name the worse counts: their keys tell that neither replaces the other', async () => {
    const { fake, forge, change } = await withChange();
    const build = (key: string, state: string) => {
      return { key, name: 'ci', state, url: null, updated_on: '2025-01-01T00:00:00.000000+00:00' };
    };
    fake.fail(says(/statuses/, { values: [build('1', 'FAILED'), build('2', 'SUCCESSFUL')] }));
    const checks = await forge.checks?.list(app, change.head.sha ?? '');
    expect(checks?.find(({ name }) => name === 'ci')).toMatchObject({ state: 'failure' });
  });
});

test('the link to the files does not take the credential to another server', async () => {
  const { fake, forge } = await withChange();
  const links = { diffstat: { href: 'https://evil.example/2.0/x' } };
  fake.fail(
    says(/pullrequests\/1$/, { participants: [], source: {}, destination: { branch: { name: 'main' } }, links }),
  );
  await expect(forge.discussion?.changedPaths(app, 1)).rejects.toMatchObject({ code: 'unavailable' });
});

test('comments that were deleted are not told', async () => {
  const { fake, forge } = await withChange();
  const user = { uuid: '{ada}', type: 'user' };
  const comment = { id: 1, user, created_on: '2025-01-01T00:00:00.000000+00:00', content: { raw: '/ok-to-test' } };
  fake.fail(says(/comments/, { values: [{ ...comment, deleted: true }] }));
  expect(await forge.discussion?.comments(app, 1)).toEqual([]);
});
