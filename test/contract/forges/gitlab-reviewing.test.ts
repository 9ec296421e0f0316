import { describe, expect, onTestFinished, test } from 'vitest';
import type { Forge } from '../../../src/core/forges/forge.ts';
import { gitlab } from '../../../src/core/forges/gitlab/index.ts';
import type { Change } from '../../../src/core/model/change.ts';
import { Secret } from '../../../src/core/secret.ts';
import { startFakeGitlab } from '../../support/fake-forge/gitlab.ts';
import type { FakeForge } from '../../support/fake-forge/server.ts';

const app = 'acme/app';

interface WithChange {
  readonly fake: FakeForge;
  readonly forge: Forge;
  readonly change: Change;
}

/** What GitLab alone has to say of merge request 1, which is ada's. */
async function withChange(project: { readonly resetOnPush?: boolean } = {}): Promise<WithChange> {
  const fake = await startFakeGitlab({ pageSize: 100 });
  onTestFinished(() => fake.close());
  fake.state.addAccount('ada');
  await fake.state.addRepository(app, project);
  await fake.state.addChange({ repo: app, branch: 'fix', author: 'ada' });
  const { webUrl, apiUrl, token } = fake;
  const forge = gitlab.create({ alias: 'lab', webUrl, apiUrl, token: new Secret(token) }, { maxRetries: 0 });
  const [change] = (await forge.changeSearch?.search(app, { kind: 'branch', branch: 'fix' })) ?? [];
  return { fake, forge, change: change as Change };
}

function says(path: RegExp, body: unknown, status = 200) {
  // The last page.
  const headers = { 'x-next-page': '' };
  return { path, fault: { kind: 'answer', status, headers, body } } as const;
}

describe('reviews', () => {
  test('while approvals are being taken back, there is something to wait for', async () => {
    const { fake, forge, change } = await withChange();
    fake.fail(says(/merge_requests\/1$/, { labels: [], detailed_merge_status: 'approvals_syncing' }));
    await expect(forge.reviews?.list(app, change)).rejects.toMatchObject({ code: 'unavailable', retryable: true });
  });

  test('an approval from before the last push is of the head of that time', async () => {
    const { fake, forge, change } = await withChange();
    const { commit } = fake.state.about(app, 1).review('bob', 'approved');
    const { head } = await fake.state.pushChange(app, 1);
    const history = await forge.reviews?.list(app, change);
    expect(history?.reviews.map((review) => review.commit)).toEqual([commit]);
    expect(head.sha).not.toBe(commit);
  });

  test('a free edition has no settings for approvals', async () => {
    const { fake, forge, change } = await withChange();
    fake.fail(says(/acme%2Fapp\/approvals$/, { error: '404 Not Found' }, 404));
    expect(await forge.reviews?.list(app, change)).toEqual({ reviews: [], resetOnPush: undefined });
  });

  test.each(['approvals', 'reviewers', 'versions'])('of a 404 for its %s nothing is made', async (list) => {
    const { fake, forge, change } = await withChange();
    fake.fail(says(new RegExp(`merge_requests/1/${list}`), { error: '404 Not Found' }, 404));
    await expect(forge.reviews?.list(app, change)).rejects.toMatchObject({ code: 'not-found' });
  });
});

describe('approvals without their time, as before GitLab 18', () => {
  const approvals = { approved_by: [{ user: { username: 'bob' } }] };

  test.each([
    ['a year later', 365 * 86_400_000, true],
    // It waits before it takes approvals back.
    ['just after the push', 20_000, undefined],
  ])('%s the setting that takes them back says: %s', async (_, laterMs, resetOnPush) => {
    const { fake, forge, change } = await withChange({ resetOnPush: true });
    const date = new Date((fake.state.changesOf(app)[0]?.openedAt ?? 0) + laterMs).toUTCString();
    fake.fail({ path: /1\/approvals$/, fault: { kind: 'answer', status: 200, headers: { date }, body: approvals } });
    expect(await forge.reviews?.list(app, change)).toMatchObject({
      reviews: [{ state: 'approved', commit: undefined }],
      resetOnPush,
    });
  });

  test('what was pushed while it was closed took nothing back', async () => {
    const { fake, forge, change } = await withChange({ resetOnPush: true });
    fake.state.setChangeState(app, 1, 'closed');
    fake.state.setChangeState(app, 1, 'open');
    fake.fail(says(/1\/approvals$/, approvals));
    expect(await forge.reviews?.list(app, change)).toMatchObject({ resetOnPush: undefined });
  });
});

describe('paths', () => {
  test.each([
    ['more than GitLab keeps', '1000+'],
    ['another number than came', '2'],
    ['not counted yet', null],
  ])('%s', async (_, changes_count) => {
    const { fake, forge } = await withChange();
    fake.fail(says(/merge_requests\/1$/, { labels: [], changes_count }));
    await expect(forge.discussion?.changedPaths(app, 1)).rejects.toMatchObject({ code: 'unavailable' });
  });
});

describe('search', () => {
  test.each(['a,b', 'None', 'any'])('a label that GitLab would take for something else: %s', async (label) => {
    const { fake, forge } = await withChange();
    const asked = fake.requests.length;
    await expect(forge.changeSearch?.search(app, { kind: 'label', label })).rejects.toMatchObject({ code: 'usage' });
    expect(fake.requests.length).toBe(asked);
  });

  test('a fork that cannot be seen is an error: nobody may take it for one without merge requests', async () => {
    const { forge } = await withChange();
    const query = { kind: 'branch', branch: 'fix', headRepo: 'eve/app' } as const;
    await expect(forge.changeSearch?.search(app, query)).rejects.toMatchObject({ code: 'not-found' });
  });

  test('a branch of the project itself costs one request', async () => {
    const { fake } = await withChange();
    expect(fake.requests.length).toBe(1);
  });
});

describe('checks', () => {
  const job = (id: number, more: object) => ({ id, name: 'build', status: 'success', ref: 'main', ...more });

  test.each([
    ['a job that was allowed to fail has failed', [{ status: 'failed', allow_failure: true }], 'failure'],
    ['a job that waits for a person', [{ status: 'manual' }], 'pending'],
    ['a word that is not known', [{ status: 'a word of tomorrow' }], 'pending'],
    ['a later pipeline of the same ref', [{ status: 'failed' }, { status: 'success' }], 'success'],
    [
      'pipelines of two refs',
      [
        { status: 'failed', ref: 'fix' },
        { status: 'success', ref: 'refs/merge-requests/1/head' },
      ],
      'failure',
    ],
  ])('%s', async (_, jobs, state) => {
    const { fake, forge, change } = await withChange();
    const sha = change.head.sha ?? '';
    fake.fail(
      says(
        /statuses/,
        jobs.map((more, at) => job(at, { sha, ...more })),
      ),
    );
    expect(await forge.checks?.list(app, sha)).toMatchObject([{ name: 'build', app: undefined, state }]);
  });

  test('what is said of another commit is no answer', async () => {
    const { fake, forge, change } = await withChange();
    fake.fail(says(/statuses/, [job(1, { sha: '1'.repeat(40) })]));
    expect(await forge.checks?.list(app, change.head.sha ?? '')).toEqual([]);
  });
});

describe('members', () => {
  const member = { id: 7, username: 'bob', access_level: 40, state: 'active' };

  test.each([
    ['a blocked account', { ...member, state: 'blocked' }, false],
    ['one that an owner has not agreed to', { ...member, membership_state: 'awaiting' }, false],
    ['a reporter', { ...member, access_level: 20 }, false],
    ['a developer', { ...member, access_level: 30 }, true],
  ])('%s may write: %s', async (_, body, may) => {
    const { fake, forge } = await withChange();
    fake.state.addAccount('bob');
    fake.fail(says(/members\/all/, body));
    expect(await forge.members?.canWrite(app, 'bob')).toBe(may);
  });

  test('blocked accounts are in no team', async () => {
    const { fake, forge } = await withChange();
    const eve = { ...member, username: 'eve', state: 'blocked' };
    fake.fail(says(/groups\/acme%2Fmaintainers\/members/, [member, eve]));
    expect(await forge.members?.team?.('acme/maintainers')).toEqual(['bob']);
  });
});
