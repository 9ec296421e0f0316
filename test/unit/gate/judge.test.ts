import { describe, expect, test } from 'vitest';
import { judge } from '../../../src/core/gate/judge.ts';
import type { GatePolicy } from '../../../src/core/gate/policy.ts';
import { missing } from '../../../src/core/gate/verdict.ts';
import type { Change } from '../../../src/core/model/change.ts';
import type { ForkFacts, LookupFacts, Push } from '../../../src/core/model/gate-facts.ts';
import type { VerdictStatus } from '../../../src/core/model/verdict.ts';
import {
  change,
  changeFacts,
  check,
  facts,
  fork,
  head,
  known,
  lookup,
  nodes,
  old,
  other,
  policy,
  push,
  repo,
  review,
  unknown,
} from './scene.ts';

function status(more: Partial<ForkFacts> = {}, rules: Partial<GatePolicy> = {}): VerdictStatus {
  return judge(facts(more), { ...policy, ...rules }).status;
}

const approved = [review('bob', 'approved')];

describe('the change request', () => {
  const cases: readonly (readonly [string, readonly Change[], Partial<GatePolicy>, VerdictStatus])[] = [
    ['an open one with the pushed head', [change()], {}, 'approved'],
    ['none', [], {}, 'rejected'],
    ['none, which is allowed', [], { ifNoPr: 'allow' }, 'approved'],
    ['one with another head', [change({ sha: other })], {}, 'rejected'],
    ['one with another head, where none would be allowed', [change({ sha: other })], { ifNoPr: 'allow' }, 'rejected'],
    ['one whose head the forge abbreviates', [change({ sha: undefined })], {}, 'undetermined'],
    ['a draft', [change({ draft: true })], {}, 'pending'],
    ['a draft, which is allowed', [change({ draft: true })], { allowDraft: true }, 'approved'],
    ['a closed one', [change({ state: 'closed' })], {}, 'rejected'],
    ['a merged one', [change({ state: 'merged' })], {}, 'rejected'],
    [
      'a closed one of exactly this commit, where none is needed',
      [change({ state: 'closed' })],
      { ifNoPr: 'allow' },
      'rejected',
    ],
    [
      'an old closed one of that branch, where none is needed',
      [change({ state: 'closed', sha: old })],
      { ifNoPr: 'allow' },
      'approved',
    ],
    ['one of a stranger with the same branch and commit', [change({ from: 'eve/app' })], {}, 'rejected'],
    [
      'one whose fork was deleted',
      [{ ...change(), head: { repo: undefined, branch: 'fix', sha: head } }],
      {},
      'rejected',
    ],
    [
      'one of another base repository',
      [{ ...change(), base: { repo: 'eve/app', branch: 'main', sha: old } }],
      {},
      'rejected',
    ],
    [
      'the right one beside a closed and a foreign one',
      [change(), change({ number: 5, state: 'closed' }), change({ number: 9, from: 'eve/app' })],
      {},
      'approved',
    ],
    [
      'the right one beside an open one with another head',
      [change({ number: 5, sha: other }), change()],
      {},
      'approved',
    ],
    ['a repository that is written in other case', [change({ from: 'Acme/App' })], {}, 'approved'],
  ];
  test.each(cases)('%s', (_, found, rules, expected) => {
    expect(status({ lookups: [lookup(found)] }, rules)).toBe(expected);
  });

  test('has a base that is listed, where any is', () => {
    const bases = ['main', 'release/*'].map((glob) => ({
      glob,
      matches: (branch: string) => branch.startsWith(glob.replace('*', '')),
    }));
    const into = (branch: string) => change({ base: { repo, branch, sha: old } });
    for (const branch of ['main', 'release/1']) {
      expect(status({ lookups: [lookup([into(branch)])] }, { bases })).toBe('approved');
    }
    const evil = facts({ lookups: [lookup([into('evil')])] });
    expect(judge(evil, { ...policy, bases })).toMatchObject({
      status: 'rejected',
      sentence: 'int:acme/app #7 is into evil, and only one into main or release/* counts: change its base',
    });
    expect(judge(evil, policy).status).toBe('approved');
  });

  test('has all of its base branch in the pushed commit, by option', () => {
    const demanded = { upToDate: true };
    const at = (upToDate: ForkFacts['changes'][number]['upToDate'], more: Partial<ForkFacts> = {}) =>
      facts({ changes: [changeFacts(7, approved, { upToDate })], ...more });
    const judged = (...[fact, more]: Parameters<typeof at>) => judge(at(fact, more), { ...policy, ...demanded });
    const told = (...asked: Parameters<typeof at>) =>
      nodes(judged(...asked)).filter(({ rule }) => rule === 'up-to-date');
    expect(judged(known(true)).status).toBe('approved');
    expect(told(known(true))).toMatchObject([
      { status: 'approved', sentence: 'aaaaaaaaaa contains all of main', url: 'https://forge.test/7' },
    ]);
    expect(judged(known(false))).toMatchObject({
      status: 'rejected',
      sentence:
        'main has commits that aaaaaaaaaa does not have: bring the pull request up to date and have it approved anew',
    });
    expect(judged(unknown())).toMatchObject({ status: 'undetermined', sentence: 'ask: the server is on fire' });
    expect(judged(undefined)).toMatchObject({ status: 'undetermined', sentence: expect.stringContaining('asked for') });
    for (const fact of [known(true), known(false), unknown<boolean>(), undefined]) {
      expect(judge(at(fact), policy).status).toBe('approved');
      expect(nodes(judge(at(fact), policy)).map(({ rule }) => rule)).not.toContain('up-to-date');
    }
    // Each change request has its own base.
    const two = { lookups: [lookup([change(), change({ number: 8 })])] };
    const both = (second: ForkFacts['changes'][number]['upToDate']) =>
      status(
        {
          ...two,
          changes: [
            changeFacts(7, approved, { upToDate: known(true) }),
            changeFacts(8, approved, { upToDate: second }),
          ],
        },
        demanded,
      );
    expect([both(known(true)), both(known(false)), both(unknown())]).toEqual(['approved', 'rejected', 'undetermined']);
  });

  test('of two open ones for the head each must pass', () => {
    const lookups = [lookup([change(), change({ number: 8 })])];
    const both = (second: ForkFacts['changes'][number]) =>
      status({ lookups, changes: [changeFacts(7, approved), second] });
    expect(both(changeFacts(8, approved))).toBe('approved');
    expect(both(changeFacts(8, []))).toBe('pending');
    expect(both(changeFacts(8, [review('cy', 'changes-requested')]))).toBe('rejected');
    expect(both(changeFacts(8, [], { reviews: unknown() }))).toBe('undetermined');
    expect(both(changeFacts(9, approved))).toBe('undetermined');
  });

  const two: Partial<GatePolicy> = { lookup: [{ kind: 'branch' }, { kind: 'commit' }] };
  const failed: LookupFacts = { by: 'by branch fix', found: unknown() };

  test('lookups are taken in order, and one that failed is not skipped', () => {
    expect(status({ lookups: [lookup([]), lookup([change()], 'by commit')] }, two)).toBe('approved');
    expect(status({ lookups: [lookup([change({ sha: other, number: 3 })]), lookup([change()])] }, two)).toBe(
      'approved',
    );
    expect(status({ lookups: [failed, lookup([change()])] }, two)).toBe('undetermined');
    expect(status({ lookups: [lookup([]), failed] }, two)).toBe('undetermined');
    expect(status({ lookups: [lookup([]), failed] }, { ...two, ifNoPr: 'allow' })).toBe('undetermined');
  });

  test('is not said to be absent before every lookup was made', () => {
    expect(status({ lookups: [] }, { ifNoPr: 'allow' })).toBe('undetermined');
    expect(status({ lookups: [lookup([])] }, { ...two, ifNoPr: 'allow' })).toBe('undetermined');
  });

  test('may have the pushed commit for an ancestor of its head, by option', () => {
    const found = { lookups: [lookup([change({ sha: other })])] };
    const at = (contains: ForkFacts['changes'][number]['contains'], commit = other, people = known([])) => ({
      ...found,
      changes: [changeFacts(7, [review('bob', 'approved', { commit })], { contains, people })],
    });
    const allow = { allowAncestor: true };
    expect(status(at(known(true)), allow)).toBe('approved');
    expect(status(at(known(true), head), allow)).toBe('approved');
    expect(status(at(known(true), old), allow)).toBe('pending');
    expect(status(at(known(true)))).toBe('rejected');
    expect(status(at(known(false)), allow)).toBe('rejected');
    expect(status(at(unknown()), allow)).toBe('undetermined');
    const byBob = known([{ account: { login: 'Bob', bot: false }, name: undefined, email: undefined }]);
    expect(status(at(known(true), other, byBob as never), allow)).toBe('pending');
  });
});

describe('checks', () => {
  const build = { requiredChecks: [{ name: 'build', apps: undefined }] };
  const fromCi = { requiredChecks: [{ name: 'build', apps: ['ci'] }] };
  const app = { requiredApps: ['ci'] };
  const cases: readonly (readonly [string, ForkFacts['checks'], Partial<GatePolicy>, VerdictStatus])[] = [
    ['green', known([check('build', 'success')]), build, 'approved'],
    ['not reported', known([]), build, 'pending'],
    ['of another name', known([check('builds', 'success')]), build, 'pending'],
    ['running', known([check('build', 'pending')]), build, 'pending'],
    ['red', known([check('build', 'failure')]), build, 'rejected'],
    ['neutral', known([check('build', 'neutral')]), build, 'rejected'],
    ['neutral, which is listed', known([check('build', 'neutral')]), { ...build, passing: ['neutral'] }, 'approved'],
    [
      'skipped, where neutral is listed',
      known([check('build', 'skipped')]),
      { ...build, passing: ['neutral'] },
      'rejected',
    ],
    ['of another commit', known([check('build', 'success', { sha: other })]), build, 'pending'],
    ['of another repository', known([check('build', 'success', { repo: 'eve/app' })]), build, 'pending'],
    ['not learned', unknown(), build, 'undetermined'],
    [
      'green by one app and red by another',
      known([check('build', 'success', { app: 'a' }), check('build', 'failure', { app: 'b' })]),
      build,
      'rejected',
    ],
    [
      'green by the named app, red by another',
      known([check('build', 'success', { app: 'ci' }), check('build', 'failure', { app: 'b' })]),
      fromCi,
      'approved',
    ],
    ['green by another app than the named one', known([check('build', 'success', { app: 'evil' })]), fromCi, 'pending'],
    ['green by nobody in particular', known([check('build', 'success')]), fromCi, 'pending'],
    ['an app that has not reported', known([check('build', 'success')]), app, 'pending'],
    ['an app that has not reported, which only warns', known([]), { ...app, ifAppMissing: 'warn' }, 'approved'],
    [
      'an app all of whose checks are green',
      known([check('x', 'success', { app: 'CI' }), check('y', 'success', { app: 'ci' })]),
      app,
      'approved',
    ],
    [
      'an app with one red check',
      known([check('x', 'success', { app: 'ci' }), check('y', 'failure', { app: 'ci' })]),
      app,
      'rejected',
    ],
    [
      'an app with a check that runs, which only warns',
      known([check('x', 'pending', { app: 'ci' })]),
      { ...app, ifAppMissing: 'warn' },
      'pending',
    ],
    [
      'an app whose checks were not learned, which only warns',
      unknown(),
      { ...app, ifAppMissing: 'warn' },
      'undetermined',
    ],
  ];
  test.each(cases)('%s', (_, checks, rules, expected) => {
    expect(status({ checks }, rules)).toBe(expected);
    // They are demanded also where no change request is.
    expect(status({ checks, lookups: [lookup([])] }, { ...rules, ifNoPr: 'allow' })).toBe(expected);
  });

  test('of an app, where the forge names none: there is nothing to wait for', () => {
    const green = known([check('scan', 'success')]);
    const judged = (rules: Partial<GatePolicy>, apps?: boolean) =>
      judge(facts({ checks: green, apps }), { ...policy, ...rules });
    const byName = { requiredChecks: [{ name: 'scan', apps: ['ci'] }] };
    expect(judged({ requiredApps: ['ci'] }, false)).toMatchObject({
      status: 'rejected',
      sentence: expect.stringContaining('int:acme/app cannot tell which app reported a check (only GitHub can)'),
    });
    expect(judged(byName, false)).toMatchObject({
      status: 'rejected',
      sentence: expect.stringContaining("--required-check 'scan@*'"),
    });
    for (const apps of [true, undefined]) {
      expect(judged({ requiredApps: ['ci'] }, apps).status).toBe('pending');
      expect(judged(byName, apps).status).toBe('pending');
    }
    expect(judged({ requiredApps: ['ci'], ifAppMissing: 'warn' }, false).status).toBe('approved');
    expect(judged({ requiredChecks: [{ name: 'scan', apps: undefined }] }, false).status).toBe('approved');
  });

  test('that nobody asked for are said to be so', () => {
    const verdict = judge(facts(), policy);
    expect(verdict.status).toBe('approved');
    expect(nodes(verdict).map(({ sentence }) => sentence)).toContain('no check was asked for');
  });
});

describe('teams', () => {
  const rules = { requiredTeams: ['acme/sec'] };
  const team = (members: ForkFacts['teams'][number]['members']) => [{ team: 'acme/sec', members }];
  test('at least one approval is from a member of each', () => {
    expect(status({ teams: team(known(['Bob'])) }, rules)).toBe('approved');
    expect(status({ teams: team(known(['cy'])) }, rules)).toBe('pending');
    expect(status({ teams: team(unknown()) }, rules)).toBe('undetermined');
    expect(status({ teams: [] }, rules)).toBe('undetermined');
    expect(
      status(
        { teams: team(known(['ann'])), changes: [changeFacts(7, [...approved, review('ann', 'approved')])] },
        rules,
      ),
    ).toBe('pending');
    expect(status({ teams: team(unknown()), changes: [changeFacts(7, [])] }, rules)).toBe('pending');
    const uncertain = [review('bob', 'approved', { commit: undefined })];
    expect(
      status({ teams: team(known(['bob'])), changes: [changeFacts(7, uncertain)] }, { ...rules, minApprovals: 0 }),
    ).toBe('undetermined');
  });
});

describe('a push', () => {
  const at = (more: Partial<Push>, rules: Partial<GatePolicy> = {}) =>
    judge({ ...facts(), push: { ...push, ...more } }, { ...policy, ...rules }).status;
  test('of a tag or a deletion is judged by what the policy says of them, other refs never pass', () => {
    const tag = { kind: 'tag', ref: 'refs/tags/v1', branch: 'v1' } as const;
    expect(at(tag)).toBe('rejected');
    expect(at(tag, { tags: 'allow' })).toBe('approved');
    expect(at({ sha: null })).toBe('rejected');
    expect(at({ sha: null }, { deletions: 'allow' })).toBe('approved');
    expect(at({ ...tag, sha: null }, { deletions: 'allow' })).toBe('rejected');
    expect(at({ ...tag, sha: null }, { deletions: 'allow', tags: 'allow' })).toBe('approved');
    expect(at({ kind: 'other', ref: 'refs/notes/x' }, { deletions: 'allow', tags: 'allow' })).toBe('rejected');
    expect(at({ kind: 'other', ref: 'refs/notes/x', sha: null }, { deletions: 'allow' })).toBe('rejected');
  });

  test('into several forks: all or any', () => {
    const say: Record<VerdictStatus, ForkFacts> = {
      approved: fork(),
      pending: fork({ changes: [changeFacts(7, [])] }),
      rejected: fork({ lookups: [lookup([])] }),
      undetermined: fork({ changes: [changeFacts(7, [], { reviews: unknown() })] }),
    };
    const both = (forks: 'all' | 'any', ...statuses: readonly VerdictStatus[]) =>
      judge({ version: 1, push, forks: statuses.map((one) => say[one]) }, { ...policy, forks }).status;
    for (const [strict, lenient, one, two] of [
      ['approved', 'approved', 'approved', 'approved'],
      ['pending', 'approved', 'approved', 'pending'],
      ['undetermined', 'approved', 'approved', 'undetermined'],
      ['rejected', 'approved', 'approved', 'rejected'],
      ['undetermined', 'undetermined', 'pending', 'undetermined'],
      ['rejected', 'pending', 'pending', 'rejected'],
      ['rejected', 'undetermined', 'rejected', 'undetermined'],
    ] as const) {
      expect([both('all', one, two), both('any', one, two)]).toEqual([strict, lenient]);
      expect([both('all', two, one), both('any', two, one)]).toEqual([strict, lenient]);
    }
    expect([both('all'), both('any')]).toEqual(['undetermined', 'undetermined']);
  });

  test('every node has its rule, status, sentence, url and children', () => {
    const verdict = judge(facts({ checks: known([check('build', 'failure')]) }), {
      ...policy,
      requiredChecks: [{ name: 'build', apps: undefined }],
    });
    for (const node of nodes(JSON.parse(JSON.stringify(verdict)))) {
      expect(node).toMatchObject({ rule: expect.any(String), status: expect.any(String), children: expect.any(Array) });
      expect(node.sentence).not.toBe('');
      expect(node.url === null || node.url.startsWith('https://')).toBe(true);
    }
    expect(verdict.sentence).toContain('check build failed');
  });
});

describe('rules of plugins', () => {
  const rule = (judgeIt: unknown) => ({
    rules: [{ rule: { name: 'house', judge: judgeIt as never }, settings: { limit: 1 } }],
  });
  test('can refuse, but make no yes of a no', () => {
    expect(
      status(
        {},
        rule(() => ({ status: 'rejected', sentence: 'no' })),
      ),
    ).toBe('rejected');
    expect(
      status(
        {},
        rule(() => ({ status: 'approved', sentence: 'yes' })),
      ),
    ).toBe('approved');
    expect(
      status(
        { changes: [changeFacts(7, [])] },
        rule(() => ({ status: 'approved', sentence: 'yes' })),
      ),
    ).toBe('pending');
  });

  test('get facts and settings of their own, also where there is no change request', () => {
    const seen: unknown[] = [];
    const spy = rule((given: { change?: { number: number }; repo: string }, settings: unknown) => {
      seen.push(given.change?.number, given.repo, settings);
      given.repo = 'changed';
      return { status: 'approved', sentence: 'yes' };
    });
    expect(
      status(
        {
          lookups: [lookup([change(), change({ number: 8 })])],
          changes: [changeFacts(7, approved), changeFacts(8, approved)],
        },
        spy,
      ),
    ).toBe('approved');
    expect(status({ lookups: [lookup([])] }, { ...spy, ifNoPr: 'allow' })).toBe('approved');
    expect(seen).toEqual([7, repo, { limit: 1 }, 8, repo, { limit: 1 }, undefined, repo, { limit: 1 }]);
  });

  test.each([
    [
      'a throw',
      () => {
        throw new Error('oops');
      },
    ],
    ['nothing', () => undefined],
    ['true', () => true],
    ['a promise', async () => ({ status: 'approved', sentence: 'yes' })],
    ['a status of its own', () => ({ status: 'APPROVED', sentence: 'yes' })],
    ['no sentence', () => ({ status: 'approved' })],
    ['a url that is none', () => ({ status: 'approved', sentence: 'yes', url: 7 })],
    ['children that are none', () => ({ status: 'approved', sentence: 'yes', children: [{}] })],
    [
      'a getter that throws',
      () => ({
        get status() {
          throw new Error('oops');
        },
      }),
    ],
  ])('that answer with %s leave it undetermined', (_, judgeIt) => {
    const verdict = judge(facts(), { ...policy, ...rule(judgeIt) });
    expect(verdict.status).toBe('undetermined');
    expect(verdict.sentence).toContain('house');
  });

  test('that answer with an endless tree leave it undetermined', () => {
    const loop = { rule: 'x', status: 'approved', sentence: 'yes', children: [] as unknown[] };
    loop.children.push(loop);
    expect(
      status(
        {},
        rule(() => loop),
      ),
    ).toBe('undetermined');
  });
});

test('what is missing is said by whoever decides, and by everything else that is not approved', () => {
  const said = (more: Partial<ForkFacts>, rules: Partial<GatePolicy> = {}) =>
    missing(judge(facts(more), { ...policy, ...rules })).map(({ rule, status }) => `${rule} ${status}`);
  const build = { requiredChecks: [{ name: 'build', apps: undefined }] };
  expect(said({})).toEqual([]);
  expect(said({}, { minApprovals: 2 })).toEqual(['approvals pending']);
  expect(said({ changes: [changeFacts(7, [])], checks: known([check('build', 'failure')]) }, build)).toEqual([
    'check rejected',
    'approvals pending',
  ]);
  const refused = [review('bob', 'approved', { commit: old }), review('cy', 'changes-requested')];
  expect(said({ changes: [changeFacts(7, refused)] })).toEqual(['changes-requested rejected', 'approvals pending']);
  const uncertain = [review('bob', 'approved', { commit: undefined })];
  expect(said({ changes: [changeFacts(7, uncertain)] })).toEqual(['review undetermined']);
});
