import { describe, expect, test } from 'vitest';
import { convertAccount, convertPerson, loginOf } from '../../../src/core/forges/bitbucket/account.ts';
import { headSinceOf } from '../../../src/core/forges/bitbucket/discussion.ts';
import { resetsApprovals } from '../../../src/core/forges/bitbucket/reviews.ts';
import { quoted } from '../../../src/core/forges/bitbucket/urls.ts';
import {
  buildPageSchema,
  commentPageSchema,
  commitSchema,
  diffstatPageSchema,
  discussedRequestSchema,
  permissionPageSchema,
  type Update,
} from '../../../src/core/forges/bitbucket/wire-reviews.ts';
import { corpusIsPresent, readCorpusJson } from '../../support/corpus.ts';

describe('accounts', () => {
  test('are known by their uuid, whatever they call themselves', () => {
    const uuid = '{87bb15eb-47c1-49b3-9f16-ca824a2979a4}';
    expect(convertAccount({ uuid, type: 'user' })).toEqual({
      login: '87bb15eb-47c1-49b3-9f16-ca824a2979a4',
      bot: false,
    });
    expect(convertAccount({ uuid, type: 'app_user' })).toMatchObject({ bot: true });
    expect(convertAccount({ uuid })).toMatchObject({ bot: undefined });
  });

  test.each([null, undefined, {}, { uuid: null }, { uuid: '{}' }])('%j is nobody', (native) => {
    expect(loginOf(native)).toBeUndefined();
  });

  test.each([
    ['Ada Lovelace <ada@example.org>', 'Ada Lovelace', 'ada@example.org'],
    ['<ada@example.org>', undefined, 'ada@example.org'],
    ['ada', 'ada', undefined],
    ['a <b> <c@d>', 'a <b>', 'c@d'],
  ])('%s', (raw, name, email) => {
    expect(convertPerson({ raw })).toEqual({ account: undefined, name, email });
  });
});

test('texts of the query language', () => {
  expect(quoted('fix/x')).toBe('"fix/x"');
  expect(quoted('a"b\\c')).toBe('"a\\"b\\\\c"');
});

describe('whether pushes take approvals back', () => {
  const kind = 'reset_pullrequest_approvals_on_change';
  const glob = (pattern: string) => [{ kind, branch_match_kind: 'glob', pattern }];

  test.each([
    ['main', 'main', true],
    ['**', 'release/1', true],
    ['*', 'main', true],
    ['other', 'main', false],
    // Only Bitbucket itself can tell.
    ['*', 'release/1', undefined],
    ['rel*', 'main', undefined],
    ['', 'main', undefined],
  ])('the pattern %j on %s: %s', (pattern, branch, expected) => {
    expect(resetsApprovals(glob(pattern), branch)).toBe(expected);
  });

  test('no restriction, restrictions of other kinds, and of the branching model', () => {
    expect(resetsApprovals([], 'main')).toBe(false);
    expect(resetsApprovals([{ kind: 'push', branch_match_kind: 'glob', pattern: 'main' }], 'main')).toBe(false);
    const model = { kind, branch_match_kind: 'branching_model', pattern: '' };
    expect(resetsApprovals([model], 'main')).toBeUndefined();
    expect(resetsApprovals([model, ...glob('main')], 'main')).toBe(true);
  });
});

describe('since when the head is there', () => {
  const [a, b] = ['a'.repeat(40), 'b'.repeat(40)];
  const update = (date: number, sha: string, state = 'OPEN'): Update => {
    return { date, state, source: { commit: { hash: sha.slice(0, 12) } } };
  };

  test('since its first update, in any order; a new title changes nothing', () => {
    expect(headSinceOf([update(3, b), update(1, a), update(2, b)], b)).toBe(2);
  });

  test('since it came back, and since it was opened again', () => {
    expect(headSinceOf([update(1, a), update(2, b), update(3, a)], a)).toBe(3);
    expect(headSinceOf([update(1, a), update(2, a, 'DECLINED'), update(3, a)], a)).toBe(3);
  });

  test('nothing is known of another head, of a branch that is gone, and without updates', () => {
    expect(headSinceOf([update(1, a), update(2, b)], a)).toBeUndefined();
    expect(headSinceOf([{ date: 1, state: 'OPEN', source: { commit: null } }], a)).toBeUndefined();
    expect(headSinceOf([], a)).toBeUndefined();
    // Found by a listing, which abbreviates it.
    expect(headSinceOf([update(1, a)], undefined)).toBe(1);
  });
});

describe.skipIf(!corpusIsPresent)('recorded answers (need ../shared/corpus)', () => {
  test('a pull request, its comments and files', async () => {
    const request = discussedRequestSchema.parse(await readCorpusJson('forges/bitbucket/pr.json'));
    expect(request.links.diffstat.href).toContain('from_pullrequest_id=4982');
    const comments = commentPageSchema.parse(await readCorpusJson('forges/bitbucket/prcomments.json'));
    expect(comments.values).toMatchObject([{ content: { raw: 'Lovely comment' }, user: { type: 'user' } }]);
    const files = diffstatPageSchema.parse(await readCorpusJson('forges/bitbucket/pr_diffstat.json'));
    expect(files.values).toEqual([{ old: { path: 'CONTRIBUTING.md' }, new: { path: 'CONTRIBUTING.md' } }]);
  });

  test('build statuses, a commit, permissions', async () => {
    const builds = buildPageSchema.parse(await readCorpusJson('forges/bitbucket/statuses.json'));
    expect(builds.values).toMatchObject([{ key: 'drone', name: '', state: 'SUCCESSFUL' }]);
    const commit = commitSchema.parse(await readCorpusJson('forges/bitbucket/commit.json'));
    expect(convertPerson(commit.author)).toEqual({
      account: { login: '3d5de233-98d4-4138-b4af-8678fbb009ad', bot: false },
      name: 'Adam Ahmed',
      email: 'aahmed@atlassian.com',
    });
    const permissions = permissionPageSchema.parse(await readCorpusJson('forges/bitbucket/workspace_repo_perms.json'));
    expect(permissions.values).toMatchObject([{ permission: 'admin', user: { uuid: expect.any(String) } }]);
  });
});
