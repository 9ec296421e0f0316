import { describe, expect, test } from 'vitest';
import { SluiceError } from '../../../src/core/errors.ts';
import type { ChangeQuery, SurveyedChange } from '../../../src/core/forges/review-roles.ts';
import { isWhole } from '../../../src/core/gate/facts.ts';
import { gatherFacts } from '../../../src/core/gate/gather.ts';
import { judge } from '../../../src/core/gate/judge.ts';
import { judgePush } from '../../../src/core/gate/judge-push.ts';
import type { GatePolicy } from '../../../src/core/gate/policy.ts';
import type { GateForge, GatePorts } from '../../../src/core/gate/ports.ts';
import type { Change } from '../../../src/core/model/change.ts';
import type { OwnedPart } from '../../../src/core/model/code-owners.ts';
import { change, check, head, old, other, policy, push, repo, review } from './scene.ts';

interface Script {
  readonly found?: (query: ChangeQuery) => readonly Change[];
  readonly survey?: readonly SurveyedChange[] | 'none';
  readonly owned?: readonly OwnedPart[] | 'none';
  readonly state?: 'approved' | 'commented';
  readonly tip?: 'none';
  readonly contained?: 'unknown' | false;
  /** The name of the call that fails, and with what. */
  readonly fail?: Readonly<Record<string, unknown>>;
  readonly lacks?: readonly (keyof GateForge)[];
}

/** A forge that says what it is asked, in which round of questions, and answers when every question of the round has come. */
function scripted(script: Script) {
  const { found = () => [change()], survey, owned = [], state = 'approved', fail = {}, lacks = [] } = script;
  const { tip, contained = true } = script;
  const rounds: string[][] = [];
  let round: string[] | undefined;
  async function asked<T>(name: string, answer: T): Promise<T> {
    if (round === undefined) {
      round = [];
      rounds.push(round);
      // Everything that leaves without waiting for an answer has left when the timers' turn comes.
      setTimeout(() => {
        round = undefined;
      }, 0);
    }
    round.push(name);
    await new Promise((resolve) => setTimeout(resolve, 5));
    const [key = ''] = name.split(' ');
    if (key in fail) throw fail[key];
    return answer;
  }
  const people = [{ account: { login: 'ann', bot: false }, name: undefined, email: undefined }];
  const forge: GateForge = {
    alias: 'int',
    words: { change: 'pull request', sigil: '#' },
    changeSearch: { search: (_, query) => asked(`search ${query.kind}`, found(query)) },
    reviews: {
      list: (_, { number }) => asked(`reviews ${number}`, { reviews: [review('bob', state)], resetOnPush: undefined }),
    },
    codeOwners: { list: (_, { number }) => asked(`owners ${number}`, owned === 'none' ? undefined : owned) },
    checks: { list: (_, sha) => asked(`checks ${sha === head ? 'head' : sha}`, [check('build', 'success')]) },
    commits: {
      people: (_, sha) => asked(`people ${sha === head ? 'head' : 'other'}`, people),
      isAncestor: (_, ancestor, descendant) =>
        ancestor === old && descendant === head
          ? asked('base in head', contained === 'unknown' ? undefined : contained)
          : asked('ancestor', true),
      tip: (_, branch) => asked(`tip ${branch}`, tip === 'none' ? undefined : old),
    },
    members: {
      canWrite: async () => true,
      team: (team) => asked(`team ${team}`, team === 'none' ? undefined : ['bob']),
    },
    ...(survey === undefined
      ? {}
      : { survey: { survey: (_, query) => asked(`survey ${query.kind}`, survey === 'none' ? undefined : survey) } }),
  };
  const left = Object.fromEntries(Object.entries(forge).filter(([key]) => !lacks.includes(key as keyof GateForge)));
  const ports: GatePorts = {
    forks: [{ name: 'int:acme/app', repo, cacheKey: undefined, open: async () => left as unknown as GateForge }],
    now: () => Date.UTC(2026, 10, 21, 23, 59),
    timeoutMs: 10_000,
  };
  return { ports, rounds };
}

const never = new AbortController().signal;
const strict: GatePolicy = {
  ...policy,
  requiredChecks: [{ name: 'build', apps: undefined }],
  requiredTeams: ['acme/sec'],
};

describe('gathering', () => {
  test('takes two rounds of questions, and asks for nothing that no rule looks at', async () => {
    const all = scripted({});
    expect((await judgePush(all.ports, strict, push, never)).verdict.status).toBe('approved');
    expect(all.rounds.map((round) => round.toSorted())).toEqual([
      ['checks head', 'people head', 'search branch', 'team acme/sec'],
      ['reviews 7'],
    ]);
    const few = scripted({});
    expect((await judgePush(few.ports, { ...policy, allowSelfApproval: true }, push, never)).verdict.status).toBe(
      'approved',
    );
    expect(few.rounds).toEqual([['search branch'], ['reviews 7']]);
    const none = scripted({});
    expect((await judgePush(none.ports, policy, { ...push, kind: 'tag' }, never)).verdict.status).toBe('rejected');
    expect(none.rounds).toEqual([]);
  });

  test('makes the next lookup only when those before it found nothing for the push', async () => {
    const lookups: GatePolicy = {
      ...policy,
      allowSelfApproval: true,
      lookup: [{ kind: 'branch' }, { kind: 'commit' }, { kind: 'label', template: '{date}' }],
    };
    const second = scripted({
      found: ({ kind }) => (kind === 'commit' ? [change()] : [change({ number: 3, sha: other })]),
    });
    expect((await judgePush(second.ports, lookups, push, never)).verdict.status).toBe('approved');
    expect(second.rounds).toEqual([['search branch'], ['search commit'], ['reviews 7']]);
    const none = scripted({ found: () => [] });
    const { verdict } = await judgePush(none.ports, lookups, push, never);
    expect(none.rounds).toEqual([['search branch'], ['search commit'], ['search label']]);
    expect(verdict).toMatchObject({ status: 'rejected', sentence: expect.stringContaining('by label 2026-11-21') });
    const broken = scripted({ fail: { search: new SluiceError('unavailable', 'down') } });
    expect((await judgePush(broken.ports, lookups, push, never)).verdict.status).toBe('undetermined');
    expect(broken.rounds).toEqual([['search branch']]);
  });

  test('takes everything from one survey where there is one', async () => {
    const surveyed: SurveyedChange = {
      change: change(),
      reviews: { reviews: [review('bob', 'approved')], resetOnPush: undefined },
      checks: [check('build', 'success')],
      people: [],
    };
    const plain = { ...strict, requiredTeams: [] };
    const one = scripted({ survey: [surveyed] });
    expect((await judgePush(one.ports, plain, push, never)).verdict.status).toBe('approved');
    expect(one.rounds).toEqual([['survey branch']]);
    const without = scripted({ survey: 'none' });
    expect((await judgePush(without.ports, plain, push, never)).verdict.status).toBe('approved');
    expect(without.rounds).toEqual([
      ['survey branch'],
      ['search branch'],
      expect.arrayContaining(['reviews 7', 'checks head', 'people head']),
    ]);
    // What a survey says of another head is nothing about the pushed commit.
    const elsewhere = scripted({ survey: [{ ...surveyed, change: change({ sha: other }) }] });
    const seen = await judgePush(elsewhere.ports, { ...plain, allowAncestor: true }, push, never);
    expect(elsewhere.rounds.flat()).toEqual(
      expect.arrayContaining(['survey branch', 'ancestor', 'checks head', 'people head']),
    );
    expect(seen.verdict.status).toBe('approved');
  });

  const owners = (...teams: readonly string[]): OwnedPart => ({
    name: '*',
    paths: ['a'],
    required: 1,
    owners: teams.map((team) => ({ kind: 'team', team })),
  });

  test('asks who owns what together with the reviews, and then for the teams that do, each once', async () => {
    const policyOf = (more: Partial<GatePolicy>): GatePolicy => ({
      ...policy,
      allowSelfApproval: true,
      requireCodeOwners: true,
      ...more,
    });
    const owned = [owners('acme/sec', 'acme/web'), owners('Acme/Web', 'acme/ops')];
    const all = scripted({ owned });
    const strictly = policyOf({ requiredTeams: ['acme/SEC'] });
    expect((await judgePush(all.ports, strictly, push, never)).verdict.status).toBe('approved');
    expect(all.rounds.map((round) => round.toSorted())).toEqual([
      ['search branch', 'team acme/SEC'],
      ['owners 7', 'reviews 7'],
      ['team Acme/Web', 'team acme/ops'],
    ]);
    const nobody = scripted({ owned, state: 'commented' });
    const facts = await gatherFacts(nobody.ports, policyOf({}), push, never);
    expect(judge(facts, policyOf({})).status).toBe('pending');
    expect(nobody.rounds.map((round) => round.toSorted())).toEqual([['search branch'], ['owners 7', 'reviews 7']]);
    expect(isWhole(facts.forks[0] as never)).toBe(true);
  });

  test('a base without CODEOWNERS, a forge that cannot tell, and one that fails leave it undetermined', async () => {
    const demanding: GatePolicy = { ...policy, requireCodeOwners: true };
    for (const [script, words] of [
      [{ owned: 'none' }, 'main of int:acme/app has no CODEOWNERS file. Add one to that branch'],
      [{ lacks: ['codeOwners'] }, 'the forge int tells nobody who owns a path. Leave out --require-code-owners.'],
      [{ fail: { owners: new SluiceError('unavailable', 'could not do it: 500') } }, 'could not do it: 500'],
      [{ owned: [owners('acme/web')], fail: { team: new SluiceError('denied', 'could not: 403') } }, 'could not: 403'],
      [{ owned: [owners('none')] }, 'there is no such team'],
    ] as const) {
      const { ports } = scripted(script);
      const facts = await gatherFacts(ports, demanding, push, never);
      const verdict = judge(facts, demanding);
      expect(verdict).toMatchObject({ status: 'undetermined', sentence: expect.stringContaining(words) });
      expect(isWhole(facts.forks[0] as never)).toBe(false);
    }
  });

  test('asks whether the base branch is in the pushed commit beside the reviews, and only where that is demanded', async () => {
    const demanding: GatePolicy = { ...policy, allowSelfApproval: true, upToDate: true };
    const asking = scripted({});
    const { verdict, facts } = await judgePush(asking.ports, demanding, push, never);
    expect(verdict.status).toBe('approved');
    expect(asking.rounds.map((round) => round.toSorted())).toEqual([
      ['search branch'],
      ['reviews 7', 'tip main'],
      ['base in head'],
    ]);
    expect(facts.forks[0]?.changes).toMatchObject([{ upToDate: { known: true } }]);
    const plain = scripted({});
    const without = await judgePush(plain.ports, { ...demanding, upToDate: false }, push, never);
    expect(plain.rounds).toEqual([['search branch'], ['reviews 7']]);
    expect(without.facts.forks[0]?.changes[0]?.upToDate).toBeUndefined();
    expect((await judgePush(scripted({ contained: false }).ports, demanding, push, never)).verdict).toMatchObject({
      status: 'rejected',
      sentence: `main has commits that ${head.slice(0, 10)} does not have: bring the pull request up to date and have it approved anew`,
    });
    // It is the pushed commit that has to have it, and not the head which that is an ancestor of.
    const ancestor = scripted({ found: () => [change({ sha: other })] });
    const allowed = await judgePush(ancestor.ports, { ...demanding, allowAncestor: true }, push, never);
    expect(allowed.verdict.status).toBe('approved');
    expect(ancestor.rounds.flat()).toEqual(expect.arrayContaining(['ancestor', 'tip main', 'base in head']));
  });

  test('a base branch that is gone, a commit that is not there, and a forge that fails leave it undetermined', async () => {
    const demanding: GatePolicy = { ...policy, upToDate: true };
    for (const [script, words] of [
      [{ tip: 'none' }, 'int:acme/app has no branch main, into which #7 goes. Change its base.'],
      [{ contained: 'unknown' }, `does not have the commit ${head.slice(0, 10)}. Push it there first.`],
      [{ fail: { tip: new SluiceError('unavailable', 'could not do it: 500') } }, 'could not do it: 500'],
      [{ fail: { base: new SluiceError('denied', 'could not do it: 403') } }, 'could not do it: 403'],
      [{ lacks: ['commits'] }, 'sluice cannot ask the forge int for it'],
    ] as const) {
      const { ports } = scripted(script);
      const facts = await gatherFacts(ports, { ...demanding, allowSelfApproval: true }, push, never);
      const verdict = judge(facts, { ...demanding, allowSelfApproval: true });
      expect(verdict).toMatchObject({ status: 'undetermined', sentence: expect.stringContaining(words) });
      expect(isWhole(facts.forks[0] as never)).toBe(false);
    }
  });

  const failures = [
    new SluiceError('unavailable', 'could not do it: 500'),
    new SluiceError('denied', 'could not do it: 401'),
    new SluiceError('not-found', 'could not do it: 404'),
    new SluiceError('rate-limited', 'could not do it: 429', { retryAfterMs: 7000 }),
    new SluiceError('usage', 'could not do it: 409'),
    new SluiceError('config', 'could not do it: odd'),
    new TypeError('x is not a function'),
    'a string',
  ];
  test.each(['search', 'reviews', 'checks', 'people', 'team'])(
    'a failure of "%s" is an unknown fact, and never a yes',
    async (name) => {
      for (const failure of failures) {
        const { ports } = scripted({ fail: { [name]: failure } });
        const facts = await gatherFacts(ports, strict, push, never);
        const verdict = judge(facts, strict);
        expect(verdict.status).toBe('undetermined');
        expect(isWhole(facts.forks[0] as never)).toBe(false);
        if (failure instanceof SluiceError) expect(verdict.sentence).toContain(failure.message);
      }
    },
  );

  test.each(['changeSearch', 'reviews', 'checks', 'commits', 'members'] as const)(
    'a forge without %s leaves it undetermined, by name',
    async (role) => {
      const { ports } = scripted({ lacks: [role] });
      const { verdict } = await judgePush(ports, strict, push, never);
      expect(verdict).toMatchObject({ status: 'undetermined', sentence: expect.stringContaining('forge int') });
    },
  );

  test('an unknown team and a commit that is not there are unknown facts', async () => {
    const { ports } = scripted({});
    const { verdict } = await judgePush(ports, { ...policy, requiredTeams: ['none'] }, push, never);
    expect(verdict).toMatchObject({ status: 'undetermined', sentence: expect.stringContaining('members of none') });
  });

  test('what does not come in time is unknown, and what a person interrupts is no answer', async () => {
    const { ports } = scripted({});
    const slow = { ...ports, forks: ports.forks.map((fork) => ({ ...fork, open: hanging })) };
    const { verdict } = await judgePush({ ...slow, timeoutMs: 20 }, strict, push, never);
    expect(verdict).toMatchObject({ status: 'undetermined', sentence: expect.stringContaining('--timeout') });
    const interruption = new SluiceError('interrupted', 'interrupted by SIGINT');
    await expect(judgePush(slow, strict, push, AbortSignal.abort(interruption))).rejects.toBe(interruption);
    const controller = new AbortController();
    const asked = judgePush(slow, strict, push, controller.signal);
    setTimeout(() => controller.abort(interruption), 20);
    await expect(asked).rejects.toBe(interruption);
  });

  test('a forge that cannot be opened is unknown, one that is configured wrong is an error', async () => {
    const { ports } = scripted({});
    const opening = (error: unknown): GatePorts => ({
      ...ports,
      forks: [{ name: 'int:acme/app', repo, cacheKey: undefined, open: () => Promise.reject(error) }],
    });
    const denied = new SluiceError('denied', 'the environment variable T is not set');
    expect((await judgePush(opening(denied), { ...policy, ifNoPr: 'allow' }, push, never)).verdict).toMatchObject({
      status: 'undetermined',
      sentence: expect.stringContaining('T is not set'),
    });
    const wrong = new SluiceError('config', 'no such type');
    await expect(judgePush(opening(wrong), policy, push, never)).rejects.toBe(wrong);
  });
});

/** A forge whose every question hangs; those of the search do not even listen to the signal. */
async function hanging(): Promise<GateForge> {
  const hang = (options: { readonly signal?: AbortSignal } = {}) =>
    new Promise<never>((_, reject) => {
      const { signal } = options;
      if (signal?.aborted) reject(signal.reason);
      signal?.addEventListener('abort', () => reject(signal.reason));
    });
  return {
    alias: 'int',
    words: { change: 'pull request', sigil: '#' },
    changeSearch: { search: () => new Promise<never>(() => {}) },
    checks: { list: (_repo, _sha, options) => hang(options) },
    commits: { people: (_repo, _sha, options) => hang(options), isAncestor: () => hang(), tip: () => hang() },
    members: { canWrite: () => hang(), team: (_team, options) => hang(options) },
  };
}
