import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeForkFacts, decodeGateFacts } from '../../../src/core/gate/decode.ts';
import { judge } from '../../../src/core/gate/judge.ts';
import type { GatePolicy } from '../../../src/core/gate/policy.ts';
import type { Change } from '../../../src/core/model/change.ts';
import type { OwnedPart } from '../../../src/core/model/code-owners.ts';
import type { Fact, ForkFacts, GateFacts } from '../../../src/core/model/gate-facts.ts';
import {
  change,
  changeFacts,
  check,
  fork,
  head,
  known,
  nodes,
  other,
  policy,
  push,
  repo,
  review,
  unknown,
} from './scene.ts';

// Most of what is generated is in order, so that a yes is common and every way of losing it is tried.
const aChange: fc.Arbitrary<Change> = fc
  .record({
    number: fc.constantFrom(7, 7, 7, 8),
    state: fc.constantFrom('open', 'open', 'open', 'closed', 'merged'),
    draft: fc.constantFrom(false, false, false, true),
    sha: fc.constantFrom(head, head, head, other, undefined),
    from: fc.constantFrom(repo, repo, repo, 'eve/app'),
  })
  .map(change);

const aReview = fc
  .tuple(fc.constantFrom('bob', 'cy', 'ann'), fc.constantFrom('approved', 'approved', 'approved', 'changes-requested'))
  .map(([login, state]) => review(login, state as 'approved'));

function aFact<T>(value: fc.Arbitrary<T>): fc.Arbitrary<Fact<T>> {
  return fc.oneof({ weight: 12, arbitrary: value.map(known) }, { weight: 1, arbitrary: fc.constant(unknown<T>()) });
}

const aCheck = fc
  .tuple(
    fc.constantFrom('success', 'success', 'success', 'failure', 'pending'),
    fc.constantFrom(head, head, head, other),
  )
  .map(([state, sha]) => check('build', state as 'success', { sha, app: 'ci' }));

const people = fc.constantFrom<ForkFacts['people']>(
  known([{ account: { login: 'ann', bot: false }, name: undefined, email: undefined }]),
  known([{ account: undefined, name: 'X', email: 'x@x.test' }]),
  unknown(),
);

const aPart = fc.constantFrom<OwnedPart>(
  { name: '*', paths: ['a'], required: 1, owners: [{ kind: 'login', login: 'bob' }] },
  { name: '*', paths: ['a'], required: 1, owners: [{ kind: 'team', team: 'sec' }] },
  { name: '*', paths: ['a'], required: 1, owners: [{ kind: 'email', email: 'a@b.test' }] },
);

const aFork: fc.Arbitrary<ForkFacts> = fc
  .record({
    lookups: fc.array(
      aFact(fc.array(aChange, { minLength: 1, maxLength: 2 })).map((found) => ({ by: 'by branch', found })),
      { minLength: 1, maxLength: 2 },
    ),
    changes: fc
      .tuple(
        aFact(fc.array(aReview, { maxLength: 4 })),
        aFact(fc.boolean()),
        aFact(fc.array(aPart, { maxLength: 2 })),
        aFact(fc.constantFrom(true, true, true, false)),
      )
      .map(([reviews, contains, codeOwners, upToDate]) =>
        [7, 8].map((number) =>
          changeFacts(number, [], {
            reviews: 'known' in reviews ? known({ reviews: reviews.known, resetOnPush: true }) : reviews,
            contains,
            codeOwners,
            upToDate,
            people: known([]),
          }),
        ),
      ),
    checks: aFact(fc.array(aCheck, { minLength: 1, maxLength: 2 })),
    people,
    teams: aFact(fc.constantFrom(['bob'], ['bob', 'cy'])).map((members) => [{ team: 'sec', members }]),
  })
  .map(fork);

const someFacts: fc.Arbitrary<GateFacts> = fc
  .array(aFork, { minLength: 1, maxLength: 2 })
  .map((forks) => ({ version: 1, push, forks }));

const aPolicy: fc.Arbitrary<GatePolicy> = fc
  .record({
    forks: fc.constantFrom('all', 'any'),
    minApprovals: fc.integer({ min: 0, max: 2 }),
    requiredChecks: fc.constantFrom([], [{ name: 'build', apps: undefined }]),
    requiredApps: fc.constantFrom([], ['ci']),
    requiredTeams: fc.constantFrom([], ['sec']),
    requireCodeOwners: fc.boolean(),
    upToDate: fc.boolean(),
    allowSelfApproval: fc.boolean(),
    allowAncestor: fc.boolean(),
    ifNoPr: fc.constantFrom('block', 'block', 'allow'),
    ifAppMissing: fc.constantFrom('block', 'warn'),
  })
  .map((more) => ({ ...policy, ...(more as Partial<GatePolicy>) }));

/** The facts again and again, each time with another one lost. */
function* losses(facts: GateFacts): Generator<GateFacts> {
  for (const [at, one] of facts.forks.entries()) {
    const put = (more: Partial<ForkFacts>): GateFacts => ({
      ...facts,
      forks: facts.forks.with(at, { ...one, ...more }),
    });
    yield put({ checks: unknown() });
    yield put({ people: unknown() });
    yield put({ teams: [] });
    yield put({ changes: [] });
    yield put({ lookups: [] });
    yield put({ teams: one.teams.map(({ team }) => ({ team, members: unknown() })) });
    for (const [place, entry] of one.lookups.entries()) {
      yield put({ lookups: one.lookups.with(place, { ...entry, found: unknown() }) });
    }
    for (const [place, entry] of one.changes.entries()) {
      yield put({ changes: one.changes.with(place, { ...entry, reviews: unknown() }) });
      yield put({ changes: one.changes.with(place, { ...entry, people: unknown() }) });
      yield put({ changes: one.changes.with(place, { ...entry, contains: unknown() }) });
      yield put({ changes: one.changes.with(place, { ...entry, codeOwners: unknown() }) });
      yield put({ changes: one.changes.with(place, { ...entry, codeOwners: undefined }) });
      yield put({ changes: one.changes.with(place, { ...entry, upToDate: unknown() }) });
      yield put({ changes: one.changes.with(place, { ...entry, upToDate: undefined }) });
    }
  }
}

const runs = { numRuns: 2000 };

describe('the gate fails closed', () => {
  test('losing a fact never makes a yes', () => {
    let approved = 0;
    fc.assert(
      fc.property(someFacts, aPolicy, (facts, rules) => {
        const before = judge(facts, rules).status;
        if (before === 'approved') approved += 1;
        for (const lost of losses(facts)) {
          if (before !== 'approved') expect(judge(lost, rules).status).not.toBe('approved');
        }
      }),
      runs,
    );
    expect(approved).toBeGreaterThan(50);
  });

  test('a yes means an open change request of the fork for exactly this commit, with no unknown fact that it needs', () => {
    fc.assert(
      fc.property(someFacts, aPolicy, (facts, rules) => {
        const strict: GatePolicy = { ...rules, forks: 'all', ifNoPr: 'block', allowAncestor: false };
        if (judge(facts, strict).status !== 'approved') return;
        for (const one of facts.forks) {
          const found = one.lookups.flatMap(({ found }) => ('known' in found ? found.known : []));
          const right = found.filter(
            ({ state, draft, head: side }) => state === 'open' && !draft && side.sha === head && side.repo === repo,
          );
          expect(right.length).toBeGreaterThan(0);
          expect(one.lookups[0]).toHaveProperty('found.known');
          if (strict.requiredChecks.length > 0) expect('known' in one.checks).toBe(true);
          const speaking = one.changes.filter(({ number }) => right.some((found) => found.number === number));
          if (strict.upToDate) expect(speaking.map(({ upToDate }) => upToDate)).toContainEqual(known(true));
        }
      }),
      runs,
    );
  });

  test('facts judged again from JSON give the same verdict', () => {
    fc.assert(
      fc.property(someFacts, aPolicy, (facts, rules) => {
        const text = JSON.stringify(facts);
        const read = decodeGateFacts(JSON.parse(text));
        if (!('facts' in read)) throw new Error(read.problems.join('\n'));
        expect(judge(read.facts, rules)).toEqual(judge(facts, rules));
        expect(read.facts).toEqual(facts);
        expect(JSON.parse(text).forks.map(decodeForkFacts)).toEqual(facts.forks);
      }),
      { numRuns: 300 },
    );
  });

  test('any JSON at all is decoded to facts, or refused with a reason; and judged without a throw', () => {
    fc.assert(
      fc.property(fc.jsonValue(), someFacts, fc.nat(), (junk, facts, at) => {
        const whole = JSON.parse(JSON.stringify(facts));
        const places = paths(whole);
        put(whole, places[at % places.length] ?? [], junk);
        const read = decodeGateFacts(whole);
        if ('problems' in read) expect(read.problems.length).toBeGreaterThan(0);
        else expect(nodes(judge(read.facts, policy)).length).toBeGreaterThan(0);
      }),
      runs,
    );
  });
});

function paths(value: unknown, before: readonly string[] = []): readonly (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [before];
  return [before, ...Object.entries(value).flatMap(([key, inner]) => paths(inner, [...before, key]))].filter(
    (path) => path.length > 0,
  );
}

function put(target: Record<string, unknown>, [key = '', ...rest]: readonly string[], value: unknown): void {
  if (rest.length === 0) target[key] = value;
  else put(target[key] as Record<string, unknown>, rest, value);
}
