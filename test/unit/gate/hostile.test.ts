import { describe, expect, test } from 'vitest';
import { decodeGateFacts } from '../../../src/core/gate/decode.ts';
import { gatherFacts } from '../../../src/core/gate/gather.ts';
import { judge } from '../../../src/core/gate/judge.ts';
import { judgePush } from '../../../src/core/gate/judge-push.ts';
import { limited } from '../../../src/core/gate/limited.ts';
import type { AppliedRule, GatePolicy } from '../../../src/core/gate/policy.ts';
import type { GateForge, GatePorts } from '../../../src/core/gate/ports.ts';
import { missing } from '../../../src/core/gate/verdict.ts';
import type { ForkFacts } from '../../../src/core/model/gate-facts.ts';
import type { GateRule } from '../../../src/core/model/gate-rule.ts';
import {
  change,
  changeFacts,
  check,
  facts,
  fork,
  head,
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

const never = new AbortController().signal;

describe('any fork is enough, and none needs a change request', () => {
  const lenient: GatePolicy = { ...policy, forks: 'any', ifNoPr: 'allow' };
  const empty = fork({ fork: 'int:acme/other', repo: 'acme/other', lookups: [lookup([])], changes: [] });
  const judged = (...forks: readonly ForkFacts[]) => judge({ version: 1, push, forks }, lenient).status;

  test('a fork without one does not outvote the fork that refuses it', () => {
    const refused = fork({ changes: [changeFacts(7, [review('cy', 'changes-requested')])] });
    expect(judged(refused, empty)).toBe('rejected');
    expect(judged(empty, refused)).toBe('rejected');
    expect(judged(fork({ lookups: [lookup([change({ sha: other })])] }), empty)).toBe('rejected');
    expect(judged(fork({ changes: [changeFacts(7, [])] }), empty)).toBe('pending');
  });

  test('nor the one that could not be asked', () => {
    expect(judged(fork({ lookups: [{ by: 'by branch fix', found: unknown() }] }), empty)).toBe('undetermined');
    expect(judged(empty, fork({ lookups: [] }))).toBe('undetermined');
  });

  test('it is allowed where it is absent from all, and an approved one is still enough', () => {
    expect(judged(empty, empty)).toBe('approved');
    expect(judged(empty, fork())).toBe('approved');
  });
});

test.each(['block', 'allow'] as const)(
  'a repository that answers under another name leaves it undetermined (--if-no-pr %s)',
  (ifNoPr) => {
    const renamed = change({ from: 'acme/new' });
    const found = { ...renamed, base: { ...renamed.base, repo: 'acme/new' } };
    const verdict = judge(facts({ lookups: [lookup([found])] }), { ...policy, ifNoPr });
    expect(verdict).toMatchObject({ status: 'undetermined', sentence: expect.stringContaining('acme/new') });
    const both = { ...policy, ifNoPr, forks: 'any' } as const;
    const empty = fork({ lookups: [lookup([])], changes: [] });
    const forks = [fork({ lookups: [lookup([found])] }), empty];
    expect(judge({ version: 1, push, forks }, both).status).toBe('undetermined');
  },
);

describe('rules of plugins', () => {
  const applied = (judgeIt: unknown, needs: GateRule['needs'] = []): AppliedRule => ({
    rule: { name: 'house', needs, judge: judgeIt as GateRule['judge'] },
    settings: {},
  });
  const yes = () => ({ status: 'approved', sentence: 'yes' });
  const withRule = (rule: AppliedRule, more: Partial<ForkFacts> = {}, rules: Partial<GatePolicy> = {}) =>
    judge(facts(more), { ...policy, ...rules, rules: [rule] });

  test('cannot say yes while something that they need is unknown', () => {
    expect(withRule(applied(yes, ['checks']), { checks: unknown() }).status).toBe('undetermined');
    expect(withRule(applied(yes, ['people']), { people: unknown() }, { allowSelfApproval: true }).status).toBe(
      'undetermined',
    );
    expect(withRule(applied(yes), { checks: unknown() }).status).toBe('approved');
    const no = () => ({ status: 'rejected', sentence: 'no' });
    expect(withRule(applied(no, ['checks']), { checks: unknown() }).status).toBe('rejected');
    // Without a change request there is nothing to review.
    const without = { lookups: [lookup([])] };
    expect(withRule(applied(yes, ['reviews']), without, { ifNoPr: 'allow' }).status).toBe('approved');
  });

  test('that reject their promise later are undetermined, and nothing else fails', async () => {
    const rejected: unknown[] = [];
    const note = (reason: unknown) => void rejected.push(reason);
    process.on('unhandledRejection', note);
    const verdict = withRule(applied(() => Promise.reject(new Error('later'))));
    await new Promise((resolve) => setImmediate(resolve));
    process.off('unhandledRejection', note);
    expect(verdict).toMatchObject({ status: 'undetermined', sentence: expect.stringContaining('promise') });
    expect(rejected).toEqual([]);
  });

  test('are read once, and only what belongs to a verdict is kept', () => {
    let reads = 0;
    const turncoat = {
      get status() {
        reads += 1;
        return reads === 1 ? 'rejected' : 'approved';
      },
      sentence: 'hm',
    };
    expect(withRule(applied(() => turncoat)).status).toBe('rejected');
    const child = { rule: 'r', status: 'approved', sentence: 's', children: [], size: 1n };
    const verdict = withRule(applied(() => ({ ...yes(), children: [child] })));
    expect(() => JSON.stringify(verdict)).not.toThrow();
    const [node] = nodes(verdict).filter(({ rule }) => rule === 'r');
    expect(node).toEqual({ rule: 'r', status: 'approved', sentence: 's', url: null, children: [] });
  });
});

/** Ports to one forge that answers with whatever the test says. */
function ports(answers: Readonly<Record<string, unknown>>, open?: () => Promise<GateForge>): GatePorts {
  const answer = (name: string, right: unknown) => async () => (name in answers ? answers[name] : right);
  const forge = {
    alias: 'int',
    words: { change: 'pull request', sigil: '#' },
    changeSearch: { search: answer('search', [change()]) },
    reviews: { list: answer('reviews', { reviews: [review('bob', 'approved')], resetOnPush: undefined }) },
    checks: { list: answer('checks', [check('build', 'success')]) },
    commits: { people: answer('people', []), isAncestor: answer('ancestor', true) },
  } as unknown as GateForge;
  return {
    forks: [{ name: 'int:acme/app', repo, cacheKey: undefined, open: open ?? (async () => forge) }],
    now: () => 0,
    timeoutMs: 10_000,
  };
}

describe('a forge of a plugin', () => {
  const rules: GatePolicy = { ...policy, requiredChecks: [{ name: 'build', apps: undefined }] };
  const odd: readonly (readonly [string, Readonly<Record<string, unknown>>, Partial<GatePolicy>])[] = [
    ['null for a list', { search: null }, {}],
    ['an object for a list', { search: { length: 1 } }, {}],
    ['holes', { search: [null] }, {}],
    ['a head of another type', { search: [{ ...change(), head: { repo, branch: 'fix', sha: 7 } }] }, {}],
    ['a state of its own', { search: [{ ...change(), state: 'opened' }] }, {}],
    ['reviews with holes', { reviews: { reviews: [null] } }, {}],
    ['a review state of its own', { reviews: { reviews: [review('bob', 'APPROVED' as never)] } }, {}],
    [
      'a setting that is a word',
      { reviews: { reviews: [review('bob', 'approved', { commit: undefined })], resetOnPush: 'false' } },
      {},
    ],
    ['a check state of its own', { checks: [check('build', 'SUCCESS' as never)] }, {}],
    ['people that are none', { people: 'ann' }, {}],
    [
      'a word for no',
      { search: [change({ sha: other })], ancestor: 'no', reviews: { reviews: [review('bob', 'approved')] } },
      { allowAncestor: true },
    ],
  ];
  test.each(odd)('that answers with %s leaves it undetermined', async (_, answers, more) => {
    const { verdict } = await judgePush(ports(answers), { ...rules, ...more }, push, never);
    expect(verdict).toMatchObject({ status: 'undetermined', sentence: expect.stringContaining('int:acme/app') });
  });

  test('may answer with more than was asked for, and at once', async () => {
    const more = { ...change(), id: 12n };
    const { facts: found, verdict } = await judgePush(ports({ search: [more] }), rules, push, never);
    expect(verdict.status).toBe('approved');
    expect(() => JSON.stringify(found)).not.toThrow();
  });

  test('that never opens is waited for as long as for any answer', async () => {
    const hanging = ports({}, () => new Promise<never>(() => {}));
    const { verdict } = await judgePush({ ...hanging, timeoutMs: 20 }, rules, push, never);
    expect(verdict).toMatchObject({ status: 'undetermined', sentence: expect.stringContaining('--timeout') });
  });
});

test('an open change request that does not contain the pushed commit stands in the way of another', async () => {
  const heads = { [other]: true, [old]: false };
  const found = [change({ number: 7, sha: other }), change({ number: 8, sha: old })];
  const scene = ports({ search: found });
  const forks = scene.forks.map((one) => ({
    ...one,
    async open() {
      const forge = await one.open();
      const isAncestor = async (_repo: string, _sha: string, descendant: string) => heads[descendant];
      return { ...forge, commits: { ...forge.commits, isAncestor } } as GateForge;
    },
  }));
  const rules: GatePolicy = { ...policy, allowAncestor: true };
  const gathered = await gatherFacts({ ...scene, forks }, rules, push, never);
  expect(judge(gathered, rules).status).toBe('approved');
  expect(judge(JSON.parse(JSON.stringify(gathered)), rules).status).toBe('approved');
});

test("the limit of an asking is one of its own, beside the person's signal", async () => {
  const person = new AbortController();
  const limit = limited(person.signal, 5);
  await new Promise((resolve) => limit.signal.addEventListener('abort', resolve, { once: true }));
  expect(limit.signal.reason).toMatchObject({ code: 'timed-out' });
  const second = limited(person.signal, 60_000);
  person.abort(new Error('stop'));
  expect(second.signal.reason).toMatchObject({ message: 'stop' });
  second.clear();
});

test('an approval counts for a commit that the head came back to, unless it was taken back', () => {
  const judged = (...reviews: Parameters<typeof changeFacts>[1]) =>
    judge(facts({ changes: [changeFacts(7, reviews)] }), policy).status;
  expect(judged(review('bob', 'approved', { commit: head }))).toBe('approved');
  expect(judged(review('bob', 'approved', { commit: head }), review('bob', 'approved', { commit: old }))).toBe(
    'pending',
  );
  expect(judged(review('bob', 'approved', { commit: head }), review('BOB', 'dismissed', { commit: head }))).toBe(
    'pending',
  );
  expect(judged(review('ANN', 'approved'))).toBe('pending');
});

test('an approval of somebody who may not push is none, and their refusal is one', () => {
  const judged = (...reviews: Parameters<typeof changeFacts>[1]) => {
    const found = facts({ changes: [changeFacts(7, reviews)] });
    const read = decodeGateFacts(JSON.parse(JSON.stringify(found)));
    if (!('facts' in read)) throw new Error(read.problems.join());
    const { status } = judge(read.facts, { ...policy, allowBots: ['bot'] });
    expect(judge(found, { ...policy, allowBots: ['bot'] }).status).toBe(status);
    return status;
  };
  expect(judged(review('bob', 'approved', { mayWrite: false }))).toBe('pending');
  expect(judged(review('bob', 'approved', { mayWrite: true }))).toBe('approved');
  expect(judged(review('bob', 'approved', { mayWrite: undefined }))).toBe('approved');
  expect(judged(review('cy', 'approved'), review('bob', 'changes-requested', { mayWrite: false }))).toBe('rejected');
  const bot = { by: { login: 'bot', bot: true }, mayWrite: false };
  expect(judged(review('bot', 'approved', bot))).toBe('approved');
});

test('the right to push is not lost on the way from the forge', async () => {
  const reviews = [review('bob', 'approved', { mayWrite: false })];
  const { verdict } = await judgePush(ports({ reviews: { reviews } }), policy, push, never);
  expect(verdict.status).toBe('pending');
  expect(nodes(verdict).map(({ sentence }) => sentence)).toContain(
    'bob does not count: may not push to the repository',
  );
});

test('an ended one whose head is not told whole is a no, also where none is demanded', () => {
  for (const state of ['closed', 'merged'] as const) {
    const ended = { lookups: [lookup([change({ state, sha: undefined })])] };
    expect(judge(facts(ended), { ...policy, ifNoPr: 'allow' }).status).toBe('rejected');
    expect(judge(facts(ended), policy)).toMatchObject({ status: 'rejected', sentence: expect.stringContaining(state) });
  }
});

test('what is missing says why an approval that people see counts for nothing, and names a refusal once', () => {
  const judged = (...reviews: Parameters<typeof changeFacts>[1]) =>
    judge(facts({ changes: [changeFacts(7, reviews)] }), policy);
  const stale = judged(review('bob', 'approved', { commit: old }), review('cy', 'dismissed'));
  expect(stale.sentence).toMatch(
    /1 more approval is needed, .*; bob does not count: approved b{10}, which is not the head/,
  );
  expect(stale.sentence).not.toContain('cy');
  const many = judged(...['a', 'b', 'c', 'd', 'e'].map((login) => review(login, 'approved', { commit: old })));
  expect(many.sentence).toMatch(/; c does not count: [^;]*; and 2 more$/);
  const refused = judged(review('cy', 'changes-requested'), review('bob', 'approved', { commit: undefined }));
  expect(refused.status).toBe('rejected');
  expect(missing(refused).filter(({ sentence }) => sentence.startsWith('cy requested changes'))).toHaveLength(1);
});

test('a commit that is not there and a team that nobody can list are said to be so', async () => {
  const gone = await judgePush(ports({ people: undefined }), policy, push, never);
  expect(gone.verdict).toMatchObject({
    status: 'undetermined',
    sentence: expect.stringContaining(
      `int:acme/app does not have the commit ${head.slice(0, 10)}. Push it there first.`,
    ),
  });
  const team = await judgePush(ports({}), { ...policy, requiredTeams: ['sec'] }, push, never);
  expect(team.verdict).toMatchObject({
    status: 'undetermined',
    sentence: expect.stringContaining('tells nobody who is in a team. Leave out --require-team.'),
  });
});
