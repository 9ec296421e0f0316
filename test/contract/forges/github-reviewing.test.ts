import { describe, expect, onTestFinished, test } from 'vitest';
import type { Forge } from '../../../src/core/forges/forge.ts';
import { github } from '../../../src/core/forges/github/index.ts';
import type { Change } from '../../../src/core/model/change.ts';
import { Secret } from '../../../src/core/secret.ts';
import { startFakeGithub } from '../../support/fake-forge/github.ts';
import type { FakeForge } from '../../support/fake-forge/server.ts';

const repo = 'acme/app';

async function open(): Promise<{ readonly fake: FakeForge; readonly forge: Forge; find(): Promise<Change> }> {
  const fake = await startFakeGithub({ pageSize: 100 });
  onTestFinished(() => fake.close());
  await fake.state.addRepository(repo);
  await fake.state.addAccount('ada');
  await fake.state.addChange({ repo, branch: 'fix', author: 'ada' });
  const { webUrl, apiUrl, token } = fake;
  const forge = github.create({ alias: 'gh', webUrl, apiUrl, token: new Secret(token) }, { env: {} });
  const find = async () => (await forge.changes?.find(repo, 1)) as Change;
  return { fake, forge, find };
}

function answer(body: unknown, status = 200) {
  return { kind: 'answer', status, body } as const;
}

describe('checks of GitHub', () => {
  const sha = 'a'.repeat(40);
  const run = (id: number, suite: number, conclusion: string | null, name = 'build') => ({
    ...{ id, name, head_sha: sha, status: conclusion === null ? 'in_progress' : 'completed', conclusion },
    ...{ html_url: `https://ci.example/${id}`, app: { slug: 'github-actions' }, check_suite: { id: suite } },
  });

  async function states(runs: readonly ReturnType<typeof run>[], total = runs.length): Promise<unknown> {
    const { fake, forge } = await open();
    fake.fail({ path: /check-runs/, fault: answer({ total_count: total, check_runs: runs }) });
    fake.fail({ path: /statuses/, fault: answer([]) });
    return (await forge.checks?.list(repo, sha))?.map(({ name, state }) => `${name} ${state}`);
  }

  test('the run of another workflow under the same name does not paint over one that failed', async () => {
    expect(await states([run(1, 1, 'failure'), run(2, 2, 'success')])).toEqual(['build failure']);
    expect(await states([run(1, 1, 'success'), run(2, 2, null)])).toEqual(['build pending']);
  });

  test('a rerun replaces its run', async () => {
    expect(await states([run(2, 1, 'success'), run(1, 1, 'failure')])).toEqual(['build success']);
  });

  test('a cancelled run gives way to a newer one, and to nothing else', async () => {
    expect(await states([run(1, 1, 'cancelled'), run(2, 2, 'success')])).toEqual(['build success']);
    expect(await states([run(2, 1, 'cancelled'), run(1, 2, 'success')])).toEqual(['build failure']);
  });

  test('words that are not known are no success', async () => {
    expect(await states([run(1, 1, 'startup_failure'), run(2, 2, 'brand_new', 'x')])).toEqual([
      'build failure',
      'x failure',
    ]);
  });

  test('a run of another commit does not count', async () => {
    expect(await states([{ ...run(1, 1, 'success'), head_sha: 'b'.repeat(40) }])).toEqual([]);
  });

  test('fewer runs than there are is a failure', async () => {
    await expect(states([run(1, 1, 'success')], 1001)).rejects.toMatchObject({ code: 'unavailable' });
  });

  test('a refusal of another kind is not "no such commit"', async () => {
    const { fake, forge } = await open();
    fake.fail({ path: /check-runs/, fault: answer({ message: 'Validation Failed' }, 422) });
    await expect(forge.checks?.list(repo, sha)).rejects.toMatchObject({ code: 'usage' });
  });
});

test('3000 files are a list that was cut', async () => {
  const { fake, forge } = await open();
  const files = Array.from({ length: 3000 }, (_, at) => ({ filename: `f${at}` }));
  fake.fail({ path: /files/, fault: answer(files) });
  await expect(forge.discussion?.changedPaths(repo, 1)).rejects.toMatchObject({ code: 'unavailable' });
});

describe('since when the head is there', () => {
  test('not told where there is no list of pushes', async () => {
    const { fake, forge, find } = await open();
    fake.fail({ path: /activity/, fault: answer({ message: 'Not Found' }, 404) });
    expect(await forge.discussion?.headSince(repo, await find())).toBeUndefined();
  });

  test('not told when the branch has moved on', async () => {
    const { fake, forge, find } = await open();
    const before = await find();
    await fake.state.pushChange(repo, 1);
    expect(await forge.discussion?.headSince(repo, before)).toBeUndefined();
  });

  test('the push of the same commit to another branch does not count', async () => {
    const { fake, forge, find } = await open();
    const change = await find();
    const pushed = { after: change.head.sha, ref: 'refs/heads/other', timestamp: '2026-01-01T00:00:00Z' };
    fake.fail({ path: /activity/, fault: answer([pushed]) });
    expect(await forge.discussion?.headSince(repo, change)).toBeUndefined();
  });
});

test('people whose address GitHub gave them are known without being linked', async () => {
  const { fake, forge } = await open();
  const coAuthors = ['12+eve@users.noreply.github.com', '49+dependabot[bot]@users.noreply.github.com'];
  const { head } = await fake.state.addChange({ repo, branch: 'two', commitAuthor: 'ada', coAuthors });
  expect((await forge.commits?.people(repo, head.sha))?.map(({ account }) => account)).toEqual([
    { login: 'ada', bot: false },
    { login: 'eve', bot: undefined },
    { login: 'dependabot[bot]', bot: true },
  ]);
});

test('after the repository was renamed its pull requests are found by commit under the former name', async () => {
  const { fake, forge, find } = await open();
  const { sha = '' } = (await find()).head;
  const moved = (from: RegExp, to: string) => {
    const location = `${fake.apiUrl}/repos/${repo}${to}`;
    fake.fail({ path: from, fault: { kind: 'answer', status: 301, headers: { location } } });
  };
  moved(/acme\/old$/, '');
  moved(/acme\/old\/commits/, `/commits/${sha}/pulls`);
  const found = await forge.changeSearch?.search('acme/old', { kind: 'commit', sha });
  // The present name, by which whoever asked sees that it has changed.
  expect(found).toMatchObject([{ number: 1, head: { repo }, base: { repo } }]);

  await fake.state.addRepository('acme/other');
  fake.heal();
  fake.fail({ path: /acme\/other\/commits/, fault: answer(await asListed(fake)) });
  expect(await forge.changeSearch?.search('acme/other', { kind: 'commit', sha })).toEqual([]);
});

/** The pull requests of `repo`, as GitHub writes them. */
async function asListed({ apiUrl, token }: FakeForge): Promise<unknown> {
  const listed = await fetch(`${apiUrl}/repos/${repo}/pulls`, { headers: { authorization: `Bearer ${token}` } });
  return await listed.json();
}

test('reviews that are not submitted are none, and deleted accounts have no name', async () => {
  const { fake, forge, find } = await open();
  const change = await find();
  const review = { id: 1, user: null, commit_id: null, submitted_at: '2026-01-01T00:00:00Z' };
  const body = [
    { ...review, state: 'APPROVED' },
    { ...review, id: 2, state: 'PENDING', submitted_at: null },
    { ...review, id: 3, state: 'APPROVED', user: { login: 'ghost', type: 'User' } },
  ];
  fake.fail({ path: /reviews/, fault: answer(body) });
  expect((await forge.reviews?.list(repo, change))?.reviews).toEqual([
    ...[1, 3].map(() => {
      return { by: undefined, state: 'approved', commit: undefined, at: Date.parse('2026-01-01T00:00:00Z') };
    }),
  ]);
});

test.each([
  ['OWNER', 'User', true],
  ['MEMBER', 'User', undefined],
  ['COLLABORATOR', 'User', undefined],
  ['CONTRIBUTOR', 'User', false],
  ['FIRST_TIME_CONTRIBUTOR', 'User', false],
  ['FIRST_TIMER', 'User', false],
  ['MANNEQUIN', 'Mannequin', false],
  ['NONE', 'User', false],
  ['NONE', 'Bot', undefined],
  ['BRAND_NEW', 'User', undefined],
  [undefined, 'User', undefined],
])('what the association %s of a %s says of the right to push: %s', async (author_association, type, mayWrite) => {
  const { fake, forge, find } = await open();
  const change = await find();
  const review = { id: 1, user: { login: 'bob', type }, commit_id: null, submitted_at: '2026-01-01T00:00:00Z' };
  fake.fail({ path: /reviews/, fault: answer([{ ...review, state: 'APPROVED', author_association }]) });
  expect((await forge.reviews?.list(repo, change))?.reviews.map((one) => one.mayWrite)).toEqual([mayWrite]);
});

test('a label with a comma cannot be searched for', async () => {
  const { forge } = await open();
  const search = forge.changeSearch?.search(repo, { kind: 'label', label: 'a,b' });
  await expect(search).rejects.toMatchObject({ code: 'usage' });
});
