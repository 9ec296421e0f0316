import { describe, expect, test } from 'vitest';
import { convertAccount, convertPerson } from '../../../src/core/forges/bitbucket-datacenter/account.ts';
import { headSinceOf } from '../../../src/core/forges/bitbucket-datacenter/discussion.ts';
import {
  type Activity,
  activityPageSchema,
  changePageSchema,
  commitSchema,
  reviewedRequestSchema,
  userPageSchema,
} from '../../../src/core/forges/bitbucket-datacenter/wire-reviews.ts';
import { corpusIsPresent, readCorpusJson } from '../../support/corpus.ts';

const [a, b] = ['a'.repeat(40), 'b'.repeat(40)];

describe('since when the head is there', () => {
  const opened: Activity = { id: 1, createdDate: 10, action: 'OPENED' };
  const move = (id: number, fromHash: string, previousFromHash: string): Activity => {
    return { id, createdDate: id * 10, action: 'RESCOPED', fromHash, previousFromHash };
  };

  test('since it was opened, or moved', () => {
    expect(headSinceOf([opened], a)).toBe(10);
    expect(headSinceOf([move(3, b, a), opened], b)).toBe(30);
    expect(headSinceOf([move(4, a, b), move(3, b, a), opened], a)).toBe(40);
  });

  test('a move of the target is none', () => {
    expect(headSinceOf([move(4, b, b), move(3, b, a), opened], b)).toBe(30);
  });

  test('since it was opened again', () => {
    const reopened: Activity = { id: 5, createdDate: 50, action: 'REOPENED' };
    expect(headSinceOf([reopened, move(3, b, a), opened], b)).toBe(50);
    expect(headSinceOf([move(6, b, a), reopened, opened], b)).toBe(60);
  });

  test('nothing is known of another head', () => {
    expect(headSinceOf([move(3, b, a), opened], a)).toBeUndefined();
    expect(headSinceOf([opened], undefined)).toBeUndefined();
    expect(headSinceOf([], a)).toBeUndefined();
  });
});

test('accounts', () => {
  expect(convertAccount({ name: 'ada', type: 'NORMAL' })).toEqual({ login: 'ada', bot: false });
  expect(convertAccount({ name: 'access-token-user/1/1', type: 'SERVICE' })).toMatchObject({ bot: true });
  expect(convertAccount(null)).toBeUndefined();
  const named = { name: 'Ada', emailAddress: 'ada@example.org' };
  expect(convertPerson(named)).toEqual({ account: undefined, name: 'Ada', email: 'ada@example.org' });
  expect(convertPerson({ ...named, name: 'ada', slug: 'ada', displayName: 'Ada', type: 'NORMAL' })).toEqual({
    account: { login: 'ada', bot: false },
    name: 'Ada',
    email: 'ada@example.org',
  });
});

test('times come as milliseconds or, where an administrator wants that, as text', () => {
  const page = (createdDate: unknown) => ({
    values: [{ id: 1, createdDate, action: 'OPENED' }],
    isLastPage: true,
  });
  const at = Date.parse('2018-07-05T05:58:45Z');
  for (const createdDate of [at, '2018-07-05T05:58:45+0000']) {
    expect(activityPageSchema.parse(page(createdDate)).values[0]?.createdDate).toBe(at);
  }
  expect(() => activityPageSchema.parse(page('yesterday'))).toThrow();
});

describe.skipIf(!corpusIsPresent)('recorded answers (need ../shared/corpus)', () => {
  const folder = 'forges/bitbucket-datacenter';

  test('a pull request, its activities and files', async () => {
    expect(reviewedRequestSchema.parse(await readCorpusJson(`${folder}/pr.json`))).toEqual({
      reviewers: [],
      participants: [],
      fromRef: { latestCommit: '131cb13f4aed12e725177bc4b7c28db67839bf9f' },
    });
    const activities = activityPageSchema.parse(await readCorpusJson(`${folder}/pr_comments.json`)).values;
    expect(activities.map(({ action, comment }) => [action, comment?.text])).toEqual([
      ['COMMENTED', 'this is a second comment'],
      ['COMMENTED', 'this is a comment'],
      ['OPENED', undefined],
    ]);
    expect(headSinceOf(activities, a)).toBe(1_530_766_871_157);
    const files = changePageSchema.parse(await readCorpusJson(`${folder}/pr_change.json`)).values;
    expect(files.map(({ path }) => path.toString)).toEqual(['COPYING', 'README', 'README.md', 'main.go']);
  });

  test('a renamed file, a commit, users', async () => {
    const files = changePageSchema.parse(await readCorpusJson(`${folder}/changes.json`)).values;
    expect(files.find(({ srcPath }) => srcPath)).toMatchObject({
      path: { toString: 'README.md' },
      srcPath: { toString: 'README' },
    });
    const { author } = commitSchema.parse(await readCorpusJson(`${folder}/commit.json`));
    expect(convertPerson(author).account).toEqual({ login: 'jcitizen', bot: false });
    const users = userPageSchema.parse(await readCorpusJson(`${folder}/user_search.json`));
    expect(users.values).toEqual([{ name: 'jane@example', active: true }]);
  });
});
