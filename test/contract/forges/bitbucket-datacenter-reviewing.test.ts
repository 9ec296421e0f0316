import { describe, expect, onTestFinished, test } from 'vitest';
import { bitbucketDatacenter } from '../../../src/core/forges/bitbucket-datacenter/index.ts';
import type { Forge } from '../../../src/core/forges/forge.ts';
import type { Change } from '../../../src/core/model/change.ts';
import { Secret } from '../../../src/core/secret.ts';
import {
  type FakeDatacenterOptions,
  startFakeBitbucketDatacenter,
} from '../../support/fake-forge/bitbucket-datacenter.ts';
import type { FakeForge } from '../../support/fake-forge/server.ts';
import { resolve, setRef } from '../../support/git-repo.ts';

const app = 'ACME/app';

interface WithChange {
  readonly fake: FakeForge;
  readonly forge: Forge;
  readonly change: Change;
  readonly sha: string;
}

/** What Data Center alone has to say of pull request 1, which is ada's. */
async function withChange(options: Partial<FakeDatacenterOptions> = {}): Promise<WithChange> {
  const fake = await startFakeBitbucketDatacenter({ pageSize: 1000, ...options });
  onTestFinished(() => fake.close());
  fake.state.addAccount('acme', { kind: 'organization' });
  fake.state.addAccount('ada');
  await fake.state.addRepository(app);
  const { head } = await fake.state.addChange({ repo: app, branch: 'fix', author: 'ada' });
  const { webUrl, apiUrl, token } = fake;
  const account = { alias: 'dc', webUrl, apiUrl, token: new Secret(token) };
  const forge = bitbucketDatacenter.create(account, { maxRetries: 0 });
  const [change] = (await forge.changeSearch?.search(app, { kind: 'branch', branch: 'fix' })) ?? [];
  return { fake, forge, change: change as Change, sha: head.sha };
}

function says(path: RegExp, body: unknown, status = 200) {
  return { path, fault: { kind: 'answer', status, body } } as const;
}

describe('checks', () => {
  test('a build of a fork is none of the repository, though it has the same commit', async () => {
    const { fake, forge, sha } = await withChange();
    fake.state.addAccount('eve');
    await fake.state.addRepository('~eve/app', { parent: app });
    fake.state.checks.add('~eve/app', sha, { name: 'compliance', state: 'success' });
    fake.state.checks.add(app, sha, { name: 'unit', state: 'success' });
    expect(await forge.checks?.list(app, sha)).toMatchObject([{ name: 'unit', repo: app, state: 'success' }]);
    fake.state.checks.add('~eve/app', sha, { name: 'unit', state: 'success' });
    fake.state.checks.add(app, sha, { name: 'unit', state: 'failure' });
    expect(await forge.checks?.list(app, sha)).toMatchObject([{ name: 'unit', state: 'failure' }]);
  });

  test('a server before 7.4 does not say where a build was reported', async () => {
    const { fake, forge, sha } = await withChange({ olderBuilds: true });
    fake.state.checks.add(app, sha, { name: 'unit', state: 'success' });
    await expect(forge.checks?.list(app, sha)).rejects.toMatchObject({
      code: 'unavailable',
      hint: expect.stringContaining('7.4'),
    });
  });

  test('a hundred may not be all', async () => {
    const { fake, forge, sha } = await withChange();
    for (let at = 0; at < 100; at += 1) fake.state.checks.add(app, sha, { name: `build ${at}`, state: 'success' });
    await expect(forge.checks?.list(app, sha)).rejects.toMatchObject({ code: 'unavailable' });
  });
});

describe('reviews', () => {
  test('that the server has forgotten the commit of', async () => {
    const { fake, forge, change } = await withChange();
    const user = { name: 'bob', type: 'NORMAL' };
    const reviewer = { user, status: 'APPROVED', lastReviewedCommit: null };
    fake.fail(says(/pull-requests\/1$/, { reviewers: [reviewer], participants: [], fromRef: {} }));
    expect(await forge.reviews?.list(app, change)).toEqual({
      reviews: [{ by: { login: 'bob', bot: false }, state: 'approved', commit: undefined, at: undefined }],
      resetOnPush: false,
    });
  });

  test('what is said of a head that came since the search is not said of the one that was found', async () => {
    const { fake, forge, change } = await withChange();
    await fake.state.pushChange(app, 1);
    await expect(forge.reviews?.list(app, change)).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('moved'),
    });
  });

  test('a setting that may not be seen is not known, but a refused credential is an error', async () => {
    const { fake, forge, change } = await withChange();
    fake.fail(says(/settings/, {}, 401));
    expect(await forge.reviews?.list(app, change)).toMatchObject({ resetOnPush: undefined });
    fake.fail(says(/./, {}, 401));
    await expect(forge.reviews?.list(app, change)).rejects.toMatchObject({ code: 'denied' });
  });
});

test('a branch among more than a page of others that have its name in theirs', async () => {
  const { fake, forge, sha } = await withChange({ pageSize: 2 });
  const { gitDir } = fake.state.repositories.get(app) ?? { gitDir: '' };
  for (const name of ['a-main', 'domain', 'gmain', 'maina']) await setRef(gitDir, `refs/heads/${name}`, sha);
  expect(await forge.commits?.tip(app, 'main')).toBe(await resolve(gitDir, 'refs/heads/main'));
  const [page] = fake.requests.filter(({ url }) => url.pathname.endsWith('/branches'));
  expect(page?.url.searchParams.get('filterText')).toBe('main');
  fake.fail(says(/\/branches\?.*start=2\b/, {}, 403));
  await expect(forge.commits?.tip(app, 'main')).rejects.toMatchObject({ code: 'denied' });
});

test('files beyond the one page', async () => {
  const { fake, forge } = await withChange();
  const values = [{ path: { toString: 'a.txt' } }];
  fake.fail(says(/changes/, { values, isLastPage: false, nextPageStart: 1 }));
  await expect(forge.discussion?.changedPaths(app, 1)).rejects.toMatchObject({ code: 'unavailable' });
});

test('answers to comments are comments; drafts are not', async () => {
  const { fake, forge } = await withChange();
  const comment = (id: number, more: object = {}) => {
    return { id, text: `no. ${id}`, author: { name: 'ada', type: 'NORMAL' }, createdDate: id, ...more };
  };
  const thread = comment(1, { comments: [comment(3, { comments: [comment(4)] }), comment(5, { state: 'PENDING' })] });
  const activity = (id: number, of: object) => ({ id, createdDate: id, action: 'COMMENTED', comment: of });
  const values = [activity(9, thread), activity(8, thread), activity(7, comment(2))];
  fake.fail(says(/activities/, { values, isLastPage: true }));
  const comments = await forge.discussion?.comments(app, 1);
  expect(comments?.map(({ text }) => text)).toEqual(['no. 1', 'no. 2', 'no. 3', 'no. 4']);
});

test('by commit, on a server that does not link commits with pull requests', async () => {
  const { fake, forge, sha } = await withChange();
  fake.fail(says(/commits\/\w+\/pull-requests/, { message: 'null for uri', 'status-code': 404 }, 404));
  const search = forge.changeSearch?.search(app, { kind: 'commit', sha });
  await expect(search).rejects.toMatchObject({ code: 'unavailable' });
});

test('by branch of a fork: those that go to other repositories are not meant', async () => {
  const { fake, forge } = await withChange();
  fake.state.addAccount('eve');
  await fake.state.addRepository('~eve/app', { parent: app });
  await fake.state.addChange({ repo: app, from: '~eve/app', branch: 'x' });
  await fake.state.addChange({ repo: '~eve/app', branch: 'x' });
  const query = { kind: 'branch', branch: 'x', headRepo: '~EVE/app' } as const;
  const found = await forge.changeSearch?.search('acme/app', query);
  expect(found?.map(({ number, base }) => [number, base.repo])).toEqual([[2, app]]);
  await expect(forge.changeSearch?.search('acme/gone', query)).rejects.toMatchObject({ code: 'not-found' });
});
