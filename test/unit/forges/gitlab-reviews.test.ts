import { describe, expect, test } from 'vitest';
import { convertAccount, convertPerson } from '../../../src/core/forges/gitlab/account.ts';
import { convertReviews } from '../../../src/core/forges/gitlab/reviews.ts';
import { headAt, headSinceOf } from '../../../src/core/forges/gitlab/versions.ts';
import {
  approvalsSchema,
  commitSchema,
  jobsSchema,
  notesSchema,
  reviewersSchema,
  type Versions,
} from '../../../src/core/forges/gitlab/wire-reviews.ts';
import { corpusIsPresent, readCorpusJson } from '../../support/corpus.ts';

const [a, b] = ['a'.repeat(40), 'b'.repeat(40)];

function versions(...heads: readonly (readonly [sha: string, at: number])[]): Versions {
  return heads.map(([head_commit_sha, created_at], at) => ({ id: at, head_commit_sha, created_at })).toReversed();
}

describe('versions', () => {
  test('a head is there since it came, also when the target moved meanwhile', () => {
    expect(headSinceOf(versions([a, 1], [b, 2], [b, 3]), b)).toBe(2);
    expect(headSinceOf(versions([a, 1], [a, 2]), a)).toBe(1);
  });

  test('an old head that came back is there since then', () => {
    expect(headSinceOf(versions([a, 1], [b, 2], [a, 3]), a)).toBe(3);
  });

  test('nothing is known of a head that is not the newest', () => {
    expect(headSinceOf(versions([a, 1], [b, 2]), a)).toBeUndefined();
    expect(headSinceOf([], a)).toBeUndefined();
    expect(headSinceOf(versions([a, 1]), undefined)).toBeUndefined();
  });

  test('the head at a time', () => {
    const moves = versions([a, 10], [b, 20]);
    expect([5, 15, 25].map((at) => headAt(moves, at))).toEqual([undefined, a, b]);
  });

  test('at the very moment of a push it could be either', () => {
    expect(headAt(versions([a, 10], [b, 20]), 20)).toBeUndefined();
    expect(headAt(versions([a, 10]), undefined)).toBeUndefined();
  });
});

describe('reviews', () => {
  const at = '2025-01-01T00:00:10Z';
  const approvals = (...people: readonly (readonly [string, string | undefined])[]) =>
    approvalsSchema.parse({
      approved_by: people.map(([username, approved_at]) => ({ user: { username }, approved_at })),
    });
  const reviewers = (...people: readonly (readonly [string, string])[]) =>
    reviewersSchema.parse(people.map(([username, state]) => ({ user: { username }, state })));
  const short = (reviews: ReturnType<typeof convertReviews>) => reviews.map(({ by, state }) => [by?.login, state]);

  test('an approval is of the head of its time; without a time (before GitLab 18) of none', () => {
    const moves = versions([a, Date.parse(at) - 5]);
    const found = convertReviews(approvals(['ada', at], ['bob', undefined]), [], moves);
    expect(found).toEqual([
      { by: { login: 'bob', bot: undefined }, state: 'approved', commit: undefined, at: undefined },
      { by: { login: 'ada', bot: undefined }, state: 'approved', commit: a, at: Date.parse(at) },
    ]);
  });

  test('should somebody have both, the refusal comes last', () => {
    const found = convertReviews(approvals(['ada', at]), reviewers(['ada', 'requested_changes']), []);
    expect(short(found)).toEqual([
      ['ada', 'approved'],
      ['ada', 'changes-requested'],
    ]);
  });

  test('a refusal of somebody who is no reviewer any more is known by the state of the whole', () => {
    expect(short(convertReviews(approvals(), [], [], 'requested_changes'))).toEqual([[undefined, 'changes-requested']]);
    const said = convertReviews(approvals(), reviewers(['ada', 'requested_changes']), [], 'requested_changes');
    expect(short(said)).toEqual([['ada', 'changes-requested']]);
  });

  test.each(['unreviewed', 'review_started', 'unapproved', 'approved', 'a word of tomorrow'])(
    'a reviewer who is %s says nothing beside the approvals',
    (state) => {
      expect(convertReviews(approvals(), reviewers(['ada', state]), [])).toEqual([]);
    },
  );
});

describe('accounts', () => {
  test('the users behind access tokens are machines, and nobody is known to be none', () => {
    expect(convertAccount({ username: 'project_12_bot_4ffca233' })).toMatchObject({ bot: true });
    expect(convertAccount({ username: 'group_9_bot1' })).toMatchObject({ bot: true });
    expect(convertAccount({ username: 'project_bot' })).toEqual({ login: 'project_bot', bot: undefined });
  });

  test('the Ghost User is nobody', () => {
    expect(convertAccount({ username: 'ghost' })).toBeUndefined();
    expect(convertAccount(null)).toBeUndefined();
  });

  test('a private commit address names its account', () => {
    const email = '42-ada@users.noreply.gitlab.example';
    expect(convertPerson('Ada', email)).toEqual({ account: { login: 'ada', bot: undefined }, name: 'Ada', email });
    expect(convertPerson('Ada', 'ada@people.example').account).toBeUndefined();
  });
});

describe.skipIf(!corpusIsPresent)('recorded answers (need ../shared/corpus)', () => {
  test('commit statuses, a commit, notes', async () => {
    expect(jobsSchema.parse(await readCorpusJson('forges/gitlab/statuses.json'))).toMatchObject([
      { id: 91, name: 'default', status: 'pending', ref: 'master' },
    ]);
    expect(commitSchema.parse(await readCorpusJson('forges/gitlab/commit.json'))).toMatchObject({
      author_email: 'dmitriy.zaporozhets@gmail.com',
      committer_name: 'Dmitriy',
    });
    expect(notesSchema.parse(await readCorpusJson('forges/gitlab/merge_notes.json'))).toMatchObject([
      { body: 'Comment for MR', system: false, created_at: Date.parse('2013-10-02T08:57:14Z') },
    ]);
  });
});
