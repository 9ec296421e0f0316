import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeForkFacts } from '../../../src/core/gate/decode.ts';
import { judge } from '../../../src/core/gate/judge.ts';
import type { GatePolicy } from '../../../src/core/gate/policy.ts';
import { judgeCodeOwners } from '../../../src/core/gate/rules/code-owners.ts';
import type { Opinion } from '../../../src/core/gate/rules/opinions.ts';
import { missing } from '../../../src/core/gate/verdict.ts';
import type { CodeOwner, OwnedPart } from '../../../src/core/model/code-owners.ts';
import type { Fact, TeamFacts } from '../../../src/core/model/gate-facts.ts';
import type { Review } from '../../../src/core/model/review.ts';
import type { Verdict, VerdictStatus } from '../../../src/core/model/verdict.ts';
import { changeFacts, facts, fork, known, nodes, old, policy, review, unknown, writtenByAnn } from './scene.ts';

const bob: CodeOwner = { kind: 'login', login: 'bob' };
const team: CodeOwner = { kind: 'team', team: 'acme/web' };
const email: CodeOwner = { kind: 'email', email: 'web@acme.example' };

function part(owners: readonly CodeOwner[], more: Partial<OwnedPart> = {}): OwnedPart {
  return { name: '/src/', paths: ['src/a.ts'], required: 1, owners, ...more };
}

interface Asked {
  readonly owned?: Fact<readonly OwnedPart[]> | undefined;
  readonly reviews?: readonly Review[];
  readonly teams?: readonly TeamFacts[];
  readonly people?: typeof writtenByAnn;
  readonly rules?: Partial<GatePolicy>;
}

function ask({ owned, reviews = [review('bob', 'approved')], teams = [], people, rules }: Asked): Verdict {
  const changes = [changeFacts(7, reviews, { codeOwners: owned })];
  return judge(facts({ changes, teams, people: people ?? writtenByAnn }), {
    ...policy,
    requireCodeOwners: true,
    ...rules,
  });
}

const byCy = [review('cy', 'approved')];
const members = (...logins: readonly string[]): readonly TeamFacts[] => [{ team: 'Acme/Web', members: known(logins) }];

describe('code owners', () => {
  test.each<[string, Asked, VerdictStatus]>([
    ['an owner approved', { owned: known([part([bob])]) }, 'approved'],
    ['somebody else did', { owned: known([part([bob])]), reviews: byCy }, 'pending'],
    ['nobody did', { owned: known([part([bob])]), reviews: [] }, 'pending'],
    ['an owner whose login is written otherwise', { owned: known([part([{ ...bob, login: 'Bob' }])]) }, 'approved'],
    ['one of two parts', { owned: known([part([bob]), part([{ ...bob, login: 'cy' }])]) }, 'pending'],
    [
      'both parts, by two people',
      { owned: known([part([bob]), part([{ ...bob, login: 'cy' }])]), reviews: [review('bob', 'approved'), ...byCy] },
      'approved',
    ],
    ['nothing has owners', { owned: known([]) }, 'approved'],
    ['nothing has owners, and nobody approved', { owned: known([]), reviews: [] }, 'pending'],
    ['owners who may not approve', { owned: known([part([])]) }, 'pending'],
    ['it is not known what has owners', { owned: unknown() }, 'undetermined'],
    ['nobody asked', {}, 'undetermined'],
    ['a member of the team', { owned: known([part([team])]), teams: members('BOB') }, 'approved'],
    ['no member of the team', { owned: known([part([team])]), teams: members('cy') }, 'pending'],
    [
      'a team that is not known',
      { owned: known([part([team])]), teams: [{ team: 'acme/web', members: unknown() }] },
      'undetermined',
    ],
    ['a team that nobody asked for', { owned: known([part([team])]) }, 'undetermined'],
    ['a team that nobody asked for, and no approval', { owned: known([part([team])]), reviews: [] }, 'pending'],
    ['an unknown team does not matter beside an owner', { owned: known([part([team, bob])]) }, 'approved'],
    ['the owner of an address', { owned: known([part([email])]) }, 'undetermined'],
    ['the owner of an address, and no approval', { owned: known([part([email])]), reviews: [] }, 'pending'],
    ['an address does not matter beside an owner', { owned: known([part([email, bob])]) }, 'approved'],
    ['two of one', { owned: known([part([bob], { required: 2 })]) }, 'pending'],
    [
      'two of two',
      {
        owned: known([part([bob, team], { required: 2 })]),
        reviews: [review('bob', 'approved'), ...byCy],
        teams: members('cy'),
      },
      'approved',
    ],
    ['an approval that is stale', { owned: known([part([bob])]), reviews: [stale()] }, 'pending'],
    [
      'an approval that is stale, which is allowed',
      { owned: known([part([bob])]), reviews: [stale()], rules: { allowStaleApprovals: true } },
      'approved',
    ],
    [
      'an approval of nobody knows which commit',
      { owned: known([part([bob])]), reviews: [review('bob', 'approved', { commit: undefined })] },
      'undetermined',
    ],
    [
      'the author is the owner',
      { owned: known([part([{ ...bob, login: 'ann' }])]), reviews: [review('ann', 'approved'), ...byCy] },
      'pending',
    ],
    [
      'an owner who may not push',
      { owned: known([part([bob])]), reviews: [review('bob', 'approved', { mayWrite: false }), ...byCy] },
      'pending',
    ],
    ['who wrote it is not known', { owned: known([part([bob])]), people: unknown() }, 'undetermined'],
    ['without a number of approvals', { owned: known([part([bob])]), rules: { minApprovals: 0 } }, 'approved'],
    [
      'an owner who asks for changes',
      { owned: known([part([team])]), reviews: [review('bob', 'changes-requested')], teams: members('bob') },
      'rejected',
    ],
  ])('%s', (_, asked, status) => {
    expect(ask(asked).status).toBe(status);
  });

  test('are not looked at unless the policy says so', () => {
    const verdict = ask({ owned: unknown(), rules: { requireCodeOwners: false } });
    expect(verdict.status).toBe('approved');
    expect(nodes(verdict).map(({ rule }) => rule)).not.toContain('code-owners');
  });

  test('are named with what is theirs', () => {
    const paths = ['src/a.ts', 'src/b.ts', 'src/c.ts', 'src/d.ts', 'src/e.ts'];
    const said = (asked: Asked) => missing(ask(asked)).map(({ sentence }) => sentence);
    expect(said({ owned: known([part([bob, team, email], { paths })]), reviews: [] })).toContain(
      'an approval of /src/ (src/a.ts, src/b.ts, src/c.ts and 2 more) by bob or acme/web or web@acme.example is needed',
    );
    expect(said({ owned: known([part([bob], { paths: [], required: 2, name: '*.go of [Docs]' })]) })).toEqual([
      'an approval of *.go of [Docs] by bob is needed',
    ]);
    expect(said({ owned: known([part([bob], { required: 2 })]), reviews: byCy })).toEqual([
      '2 approvals of /src/ (src/a.ts) by bob are needed',
    ]);
    const many = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((login): CodeOwner => ({ kind: 'login', login }));
    expect(said({ owned: known([part(many)]) })).toEqual([
      'an approval of /src/ (src/a.ts) by a or b or c or d or e or one of 2 more is needed',
    ]);
    expect(said({ owned: known([part([])]) })).toEqual([
      expect.stringContaining('by a code owner (the forge lets none of them approve it) is needed'),
    ]);
    expect(said({ owned: known([part([bob])]), reviews: [stale(), ...byCy] })).toEqual([
      expect.stringContaining('by bob is needed; bob does not count: approved b'),
    ]);
    expect(said({ owned: known([part([email])]) })).toEqual([
      'whether an owner approved /src/ (src/a.ts) is not known: no forge says whose account web@acme.example is. Name the owner by login in CODEOWNERS.',
    ]);
    expect(said({ owned: unknown('line 7') })).toEqual([expect.stringContaining('line 7')]);
    const yes = nodes(ask({ owned: known([part([bob])]) })).map(({ sentence }) => sentence);
    expect(yes).toContain('bob approved /src/ (src/a.ts)');
    expect(yes).toContain('the code owners of everything that was changed approved');
  });

  test('facts of before they were asked for are still read, and a part that asks for nobody is none', () => {
    const before = fork({ changes: [changeFacts(7, [])] });
    expect(decodeForkFacts(JSON.parse(JSON.stringify(before)))).toEqual(before);
    const after = fork({ changes: [changeFacts(7, [], { codeOwners: known([part([bob, team, email])]) })] });
    expect(decodeForkFacts(JSON.parse(JSON.stringify(after)))).toEqual(after);
    const odd = fork({ changes: [changeFacts(7, [], { codeOwners: known([part([bob], { required: 0 })]) })] });
    expect(() => decodeForkFacts(JSON.parse(JSON.stringify(odd)))).toThrow();
  });

  test('what is not known could be either way: approved in every world, pending in none', () => {
    const logins = ['bob', 'cy', 'dan'];
    const opinions = fc
      .tuple(...logins.map(() => fc.constantFrom('counts', 'uncertain', 'ignored', 'none')))
      .map((kinds) => logins.flatMap((login, at) => opinionsOf(login, kinds[at] ?? 'none')));
    const owner = fc.constantFrom<CodeOwner>(bob, { ...bob, login: 'cy' }, team, { ...team, team: 'acme/ops' }, email);
    const wanted = fc
      .tuple(fc.array(owner, { maxLength: 3 }), fc.constantFrom(1, 1, 2))
      // An address is of one person at most.
      .map(([owners, required]) => part(owners, { required: owners.includes(email) ? 1 : required }));
    const facts = fc
      .tuple(
        ...['acme/web', 'acme/ops'].map(() => fc.constantFrom(undefined, [], ['bob'], ['cy', 'dan'], ['bob', 'cy'])),
      )
      .map((lists) =>
        ['acme/web', 'acme/ops'].map((name, at): TeamFacts => {
          const logins = lists[at];
          return { team: name, members: logins === undefined ? unknown() : known(logins) };
        }),
      );
    const seen = new Set<VerdictStatus>();
    fc.assert(
      fc.property(opinions, wanted, facts, (said, one, teams) => {
        const { status } = judgeCodeOwners(known([one]), { opinions: said, teams, url: '' });
        seen.add(status);
        expect(status).toBe(specification(said, one, teams));
      }),
      { numRuns: 2000 },
    );
    expect([...seen].toSorted()).toEqual(['approved', 'pending', 'undetermined']);
  });
});

function stale(): Review {
  return review('bob', 'approved', { commit: old });
}

function opinionsOf(login: string, kind: string): readonly Opinion[] {
  const by = { login, bot: false };
  if (kind === 'counts') return [{ kind, by }];
  if (kind === 'uncertain') return [{ kind, by, why: 'may have' }];
  return kind === 'ignored' ? [{ kind, by, why: 'has not', approved: true }] : [];
}

/** By trying out who each unknown team and each address could be, and which uncertain approvals could count. */
function specification(opinions: readonly Opinion[], { owners, required }: OwnedPart, teams: readonly TeamFacts[]) {
  const people = opinions.flatMap((one) => (one.kind === 'counts' || one.kind === 'uncertain' ? [one] : []));
  const outcomes = new Set<boolean>();
  for (const counting of subsets(people)) {
    if (people.some((one) => one.kind === 'counts' && !counting.includes(one))) continue;
    const rights = owners.map((owner): readonly (readonly string[])[] => {
      const logins = people.map(({ by }) => by.login);
      if (owner.kind === 'login') return [[owner.login]];
      if (owner.kind === 'email') return [[], ...logins.map((login) => [login])];
      const members = teams.find((one) => one.team === owner.team)?.members;
      return members !== undefined && 'known' in members ? [members.known] : subsets(logins);
    });
    for (const world of product(rights)) {
      const right = new Set(world.flat());
      outcomes.add(counting.filter(({ by }) => right.has(by.login)).length >= required);
    }
  }
  if (!outcomes.has(true)) return 'pending';
  return outcomes.has(false) ? 'undetermined' : 'approved';
}

function subsets<T>([first, ...rest]: readonly T[]): readonly (readonly T[])[] {
  if (first === undefined) return [[]];
  return subsets(rest).flatMap((set) => [set, [first, ...set]]);
}

function product<T>([first, ...rest]: readonly (readonly T[])[]): readonly (readonly T[])[] {
  return first === undefined ? [[]] : first.flatMap((one) => product(rest).map((others) => [one, ...others]));
}
