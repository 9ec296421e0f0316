import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { judge } from '../../../src/core/gate/judge.ts';
import type { GatePolicy } from '../../../src/core/gate/policy.ts';
import type { CommitPersonFact, Fact } from '../../../src/core/model/gate-facts.ts';
import type { Review, ReviewHistory } from '../../../src/core/model/review.ts';
import type { VerdictStatus } from '../../../src/core/model/verdict.ts';
import { changeFacts, facts, head, known, old, policy, unknown } from './scene.ts';

interface World {
  readonly history: ReviewHistory;
  readonly people: Fact<readonly CommitPersonFact[]>;
  readonly rules: Pick<
    GatePolicy,
    'minApprovals' | 'allowStaleApprovals' | 'allowSelfApproval' | 'allowBots' | 'upToDate'
  >;
  /** Whether the commit has all of the base branch; undefined: nobody asked. */
  readonly upToDate: Fact<boolean> | undefined;
}

/** A commit that lacks something of the base branch is refused; where that is not known, it is in some of the worlds. */
function specification(world: World): VerdictStatus {
  const { rules, upToDate } = world;
  const approvals = approvalsOf(world);
  if (!rules.upToDate || approvals === 'rejected') return approvals;
  if (upToDate === undefined || 'unknown' in upToDate) return 'undetermined';
  return upToDate.known ? approvals : 'rejected';
}

/**
 * What approvals mean, said by possible worlds: whatever is not known could be either way. Approved is what is approved in every world,
 * pending what is approved in none, and in between nobody knows.
 */
function approvalsOf({ history, people, rules }: World): VerdictStatus {
  const logins = [...new Set(history.reviews.flatMap(({ by }) => (by === undefined ? [] : [by.login.toLowerCase()])))];
  const last = (login: string) =>
    history.reviews.findLast(({ by, state }) => state !== 'commented' && by?.login.toLowerCase() === login);
  const hears = ({ by }: Review) => by?.bot !== true || rules.allowBots.includes(by.login.toLowerCase());
  const refuses = (review: Review | undefined) =>
    review !== undefined && review.state === 'changes-requested' && hears(review);
  if (history.reviews.some((one) => one.by === undefined && refuses(one))) return 'rejected';
  if (logins.some((login) => refuses(last(login)))) return 'rejected';

  const approvers = logins.filter((login) => {
    const review = last(login);
    return review?.state === 'approved' && hears(review);
  });
  const counts = new Set<boolean>();
  for (const wrote of worlds(approvers)) {
    for (const fresh of worlds(approvers)) {
      const real = approvers.every((login) => {
        if ('known' in people && wrote.has(login) !== isWriter(login, people.known)) return false;
        const commit = last(login)?.commit;
        if (commit !== undefined) return fresh.has(login) === (commit === head);
        return history.resetOnPush !== true || fresh.has(login);
      });
      if (!real) continue;
      const valid = approvers.filter(
        (login) =>
          (rules.allowStaleApprovals || fresh.has(login)) &&
          (rules.allowSelfApproval || (login !== 'ann' && !wrote.has(login))),
      );
      counts.add(valid.length >= rules.minApprovals);
    }
  }
  if (counts.has(true)) return counts.has(false) ? 'undetermined' : 'approved';
  return 'pending';
}

function isWriter(login: string, people: readonly CommitPersonFact[]): boolean {
  return people.some(({ account }) => account?.login.toLowerCase() === login);
}

/** Every subset. */
function* worlds(logins: readonly string[]): Generator<ReadonlySet<string>> {
  for (let bits = 0; bits < 2 ** logins.length; bits += 1) {
    yield new Set(logins.filter((_, at) => (bits >> at) % 2 === 1));
  }
}

const accounts = [
  { login: 'ann', bot: false },
  { login: 'bob', bot: false },
  { login: 'BOB', bot: undefined },
  { login: 'cy', bot: undefined },
  { login: 'dee', bot: false },
  { login: 'review[bot]', bot: true },
  { login: 'merge[bot]', bot: true },
] as const;

const aReview: fc.Arbitrary<Review> = fc.record({
  by: fc.option(fc.constantFrom(...accounts), { nil: undefined, freq: 12 }),
  state: fc.constantFrom('approved', 'approved', 'approved', 'changes-requested', 'dismissed', 'commented'),
  commit: fc.constantFrom(head, head, old, undefined),
  at: fc.constantFrom(undefined, 1, 2, 3),
});

const aPerson: fc.Arbitrary<CommitPersonFact> = fc.record({
  account: fc.option(fc.constantFrom(...accounts), { nil: undefined }),
  name: fc.constantFrom(undefined, 'Bob'),
  email: fc.constantFrom(undefined, 'bob@x.test'),
});

const aWorld: fc.Arbitrary<World> = fc.record({
  history: fc.record({
    reviews: fc.array(aReview, { maxLength: 8 }),
    resetOnPush: fc.constantFrom(true, false, undefined),
  }),
  people: fc.oneof(
    { weight: 4, arbitrary: fc.array(aPerson, { maxLength: 2 }).map((known) => ({ known })) },
    { weight: 1, arbitrary: fc.constant(unknown<readonly CommitPersonFact[]>()) },
  ),
  rules: fc.record({
    minApprovals: fc.integer({ min: 0, max: 3 }),
    allowStaleApprovals: fc.boolean(),
    allowSelfApproval: fc.boolean(),
    allowBots: fc.constantFrom([], ['merge[bot]']),
    upToDate: fc.constantFrom(false, true),
  }),
  upToDate: fc.constantFrom(known(true), known(true), known(false), unknown<boolean>(), undefined),
});

function judged({ history, people, rules, upToDate }: World): VerdictStatus {
  const seen = facts({ people, changes: [changeFacts(7, [], { reviews: { known: history }, upToDate })] });
  return judge(seen, { ...policy, ...rules }).status;
}

const runs = { numRuns: 3000 };

describe('approvals over review histories', () => {
  test('are what the specification says', () => {
    const seen = new Map<VerdictStatus, number>();
    fc.assert(
      fc.property(aWorld, (world) => {
        const status = judged(world);
        seen.set(status, (seen.get(status) ?? 0) + 1);
        expect(status).toBe(specification(world));
      }),
      runs,
    );
    // The property would say nothing of an outcome that the generator never makes.
    for (const status of ['approved', 'rejected', 'pending', 'undetermined'] as const) {
      expect(seen.get(status) ?? 0).toBeGreaterThan(10);
    }
  });

  test('people do not get in the way of each other: only the order within one person matters', () => {
    fc.assert(
      fc.property(aWorld, fc.array(fc.nat(), { minLength: 8, maxLength: 8 }), (world, keys) => {
        const name = ({ by }: Review) => by?.login.toLowerCase() ?? '';
        const rank = new Map([...new Set(world.history.reviews.map(name))].map((one, at) => [one, keys[at] ?? 0]));
        const grouped = world.history.reviews.toSorted((a, b) => (rank.get(name(a)) ?? 0) - (rank.get(name(b)) ?? 0));
        const moved = { ...world, history: { ...world.history, reviews: grouped } };
        // Two people of one rank stay interleaved, which is an order like any other.
        expect(judged(moved)).toBe(judged(world));
      }),
      runs,
    );
  });

  test('remarks change nothing', () => {
    fc.assert(
      fc.property(aWorld, fc.nat(8), fc.constantFrom(...accounts), (world, at, by) => {
        const remark: Review = { by, state: 'commented', commit: head, at: 9 };
        const reviews = world.history.reviews.toSpliced(at, 0, remark);
        expect(judged({ ...world, history: { ...world.history, reviews } })).toBe(judged(world));
      }),
      runs,
    );
  });

  test('a dismissal of the last word never helps towards a yes, unless it takes back a no', () => {
    fc.assert(
      fc.property(aWorld, fc.constantFrom(...accounts), (world, by) => {
        const before = judged(world);
        fc.pre(before !== 'rejected');
        const reviews = [...world.history.reviews, { by, state: 'dismissed', commit: head, at: 9 } as const];
        const after = judged({ ...world, history: { ...world.history, reviews } });
        const order = ['pending', 'undetermined', 'approved'];
        expect(order.indexOf(after)).toBeLessThanOrEqual(order.indexOf(before));
      }),
      runs,
    );
  });
});
