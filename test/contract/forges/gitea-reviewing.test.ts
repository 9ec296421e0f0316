import { expect, onTestFinished, test } from 'vitest';
import type { Forge } from '../../../src/core/forges/forge.ts';
import { gitea } from '../../../src/core/forges/gitea/index.ts';
import type { Change } from '../../../src/core/model/change.ts';
import { Secret } from '../../../src/core/secret.ts';
import { startFakeGitea } from '../../support/fake-forge/gitea.ts';
import type { FakeForge } from '../../support/fake-forge/server.ts';

const repo = 'acme/app';

async function open(): Promise<{ readonly fake: FakeForge; readonly forge: Forge }> {
  const fake = await startFakeGitea({ pageSize: 2 });
  onTestFinished(() => fake.close());
  await fake.state.addRepository(repo);
  for (const login of ['ada', 'bob']) fake.state.addAccount(login);
  await fake.state.addChange({ repo, branch: 'fix', author: 'ada' });
  const { webUrl, apiUrl, token } = fake;
  return { fake, forge: gitea.create({ alias: 'tea', webUrl, apiUrl, token: new Secret(token) }, { env: {} }) };
}

/** A whole listing in one page. */
function answer(body: readonly unknown[]) {
  return { kind: 'answer', status: 200, headers: { 'x-total-count': String(body.length) }, body } as const;
}

test('an ancestor is one by an empty list that says itself that it is whole', async () => {
  const { fake, forge } = await open();
  const [change] = fake.state.changesOf(repo);
  const ask = () => forge.commits?.isAncestor(repo, change?.base.sha ?? '', change?.head.sha ?? '');
  expect(await ask()).toBe(true);
  const { url } = fake.requests.at(-1) ?? {};
  // Not by /compare, where the name of a branch goes before the id of a commit.
  expect(`${url?.pathname}${url?.search}`).toMatch(/\/commits\?sha=[0-9a-f]{40}&not=[0-9a-f]{40}&/);
  const path = /\/commits\?/;
  fake.fail({ path, fault: { ...answer([]), headers: {} } });
  await expect(ask()).rejects.toMatchObject({ code: 'unavailable', hint: expect.stringContaining('X-Total-Count') });
  fake.heal();
  // What it says of a commit that it does not have, although it has both.
  fake.fail({ path, fault: { kind: 'answer', status: 500, body: { message: '' } } });
  await expect(ask()).rejects.toMatchObject({ code: 'unavailable' });
});

test('an empty page of a timeline need not be the last one', async () => {
  const { fake, forge } = await open();
  const about = fake.state.about(repo, 1);
  about.comment('ada', 'a remark');
  for (let at = 0; at < 2; at += 1) about.comment('ada', '(on a line) which a timeline leaves out');
  about.label('bob', 'ok');
  expect((await forge.discussion?.labels?.(repo, 1))?.map(({ name, by }) => [name, by?.login])).toEqual([
    ['ok', 'bob'],
  ]);
});

test('a label whose giver was not shown has none', async () => {
  const { fake, forge } = await open();
  const about = fake.state.about(repo, 1);
  about.comment('ada', 'a remark');
  for (let at = 0; at < 4; at += 1) about.comment('ada', '(on a line) which a timeline leaves out');
  about.label('bob', 'ok');
  expect(await forge.discussion?.labels?.(repo, 1)).toMatchObject([{ name: 'ok', by: undefined, at: undefined }]);
});

test('a head that no push names is there since nobody knows when', async () => {
  const { fake, forge } = await open();
  const change = (await forge.changes?.find(repo, 1)) as Change;
  const item = { id: 1, type: 'pull_push', user: null, created_at: '2026-01-01T00:00:00Z' };
  const body = (commit_ids: readonly string[], is_force_push = false) => JSON.stringify({ is_force_push, commit_ids });
  const since = async (text: string) => {
    fake.heal();
    fake.fail({ path: /timeline.*page=1\b/, fault: answer([{ ...item, body: text }]) });
    fake.fail({ path: /timeline/, fault: { kind: 'answer', status: 200, body: 'null' } });
    return forge.discussion?.headSince(repo, change);
  };
  const head = change.head.sha ?? '';
  expect(await since(body([head]))).toBe(Date.parse(item.created_at));
  expect(await since(body(['b'.repeat(40)]))).toBeUndefined();
  // Forced away from it.
  expect(await since(body([head, 'b'.repeat(40)], true))).toBeUndefined();
  expect(await since('added 2 commits')).toBeUndefined();
});

test('drafts of reviews and wishes for them are no reviews', async () => {
  const { fake, forge } = await open();
  const change = (await forge.changes?.find(repo, 1)) as Change;
  const review = { user: { id: 5, login: 'bob' }, commit_id: change.head.sha, submitted_at: '2026-01-01T00:00:00Z' };
  const states = ['PENDING', 'REQUEST_REVIEW', 'APPROVED'];
  fake.fail({ path: /reviews/, fault: answer(states.map((state, id) => ({ ...review, id, state }))) });
  expect((await forge.reviews?.list(repo, change))?.reviews.map(({ state }) => state)).toEqual(['approved']);
});

test('only an official review says that the reviewer may push', async () => {
  const { fake, forge } = await open();
  const change = (await forge.changes?.find(repo, 1)) as Change;
  const review = { user: { id: 5, login: 'bob' }, commit_id: '', submitted_at: '2026-01-01T00:00:00Z' };
  const said = [true, false, null, undefined];
  fake.fail({
    path: /reviews/,
    fault: answer(said.map((official, id) => ({ ...review, id, state: 'APPROVED', official }))),
  });
  const { reviews = [] } = (await forge.reviews?.list(repo, change)) ?? {};
  expect(reviews.map(({ mayWrite }) => mayWrite)).toEqual([true, undefined, undefined, undefined]);
});

test('deleted accounts have no name', async () => {
  const { fake, forge } = await open();
  const change = (await forge.changes?.find(repo, 1)) as Change;
  const ghost = { id: -1, login: 'Ghost' };
  const review = { id: 1, user: ghost, commit_id: '', state: 'APPROVED', submitted_at: '2026-01-01T00:00:00Z' };
  fake.fail({ path: /reviews/, fault: answer([review]) });
  const expected = { by: undefined, state: 'approved', commit: undefined, at: Date.parse(review.submitted_at) };
  expect((await forge.reviews?.list(repo, change))?.reviews).toEqual([expected]);
});

test('the machine of Gitea Actions is one', async () => {
  const { fake, forge } = await open();
  const change = (await forge.changes?.find(repo, 1)) as Change;
  const user = { id: -2, login: 'gitea-actions' };
  const review = { id: 1, user, commit_id: '', state: 'APPROVED', submitted_at: '2026-01-01T00:00:00Z' };
  fake.fail({ path: /reviews/, fault: answer([review]) });
  const by = { login: 'gitea-actions', bot: true };
  expect((await forge.reviews?.list(repo, change))?.reviews).toMatchObject([{ by }]);
});

test('comments that were cut are a failure', async () => {
  const { fake, forge } = await open();
  fake.fail({ path: /comments/, fault: { ...answer([]), headers: { 'x-total-count': '60' } } });
  await expect(forge.discussion?.comments(repo, 1)).rejects.toMatchObject({ code: 'unavailable' });
});
