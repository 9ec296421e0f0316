import { inspect, isDeepStrictEqual } from 'node:util';
import { describe, expect, test } from 'vitest';
import { SluiceError } from '../../../src/core/errors.ts';
import type { Change } from '../../../src/core/model/change.ts';
import { type Fault, type FaultRule, swapTypes } from '../../support/fake-forge/faults.ts';
import { resolve } from '../../support/git-repo.ts';
import { type OpenedReviewing, openReviewing, type WithReviewing } from './reviewing.ts';

function says(status: number, headers: Readonly<Record<string, string>> = {}): Fault {
  return { kind: 'answer', status, headers, body: { message: 'the words of the forge' } };
}

// What no answer may be made of. A 404 is not among them: of some things it is an answer.
const faults: readonly (readonly [string, Fault])[] = [
  ['401', says(401)],
  ['403', says(403)],
  ['409', says(409)],
  ['429', says(429, { 'retry-after': '3600' })],
  ['500', says(500)],
  ['503', says(503)],
  ['a web page', { kind: 'html' }],
  ['a web page with 404', { ...says(404, { 'content-type': 'text/html' }), body: '<html></html>' } as Fault],
  ['an empty body', { kind: 'answer', status: 200 }],
  ['null', { kind: 'answer', status: 200, body: 'null' }],
  ['half of the JSON', { kind: 'half-json' }],
  ['wrong types', { kind: 'wrong-types' }],
  ['a cut connection', { kind: 'cut' }],
];

interface Asked extends OpenedReviewing {
  readonly change: Change;
  readonly sha: string;
  /** The commit that it started from. */
  readonly main: string;
}

type Question = (asked: Asked) => Promise<unknown>;

/** Every question of every role, about the last of five changes from one branch, whose lists are all longer than a page. */
function questions(traits: WithReviewing): readonly (readonly [name: string, ask: Question, hasPages: boolean])[] {
  const { labels, headSince, team } = traits.reviewing;
  const all: (readonly [string, Question, boolean, boolean?])[] = [
    ['search by branch', (a) => a.changeSearch.search(a.app, { kind: 'branch', branch: 'fix' }), true],
    ['search by commit', (a) => a.changeSearch.search(a.app, { kind: 'commit', sha: a.sha }), false],
    ['search by label', (a) => a.changeSearch.search(a.app, { kind: 'label', label: 'one' }), true, labels],
    ['reviews', (a) => a.reviews.list(a.app, a.change), traits.reviewing.reviewPages !== false],
    ['checks', (a) => a.checks.list(a.app, a.sha), true],
    ['people', (a) => a.commits.people(a.app, a.sha), false],
    ['ancestry', (a) => a.commits.isAncestor(a.app, a.main, a.sha), false],
    ['tip', (a) => a.commits.tip(a.app, 'main'), false],
    ['permission', (a) => a.members.canWrite(a.app, 'bob'), false],
    ['team', (a) => a.members.team?.(team?.('reviewers') ?? '') as Promise<unknown>, true, team !== undefined],
    ['labels', (a) => a.discussion.labels?.(a.app, a.change.number) as Promise<unknown>, false, labels],
    ['comments', (a) => a.discussion.comments(a.app, a.change.number), traits.reviewing.commentPages !== false],
    ['head since', (a) => a.discussion.headSince(a.app, a.change), false, headSince],
    ['paths', (a) => a.discussion.changedPaths(a.app, a.change.number), traits.reviewing.pathPages !== false],
  ];
  return all.filter(([, , , exists = true]) => exists).map(([name, ask, pages]) => [name, ask, pages] as const);
}

async function prepare(traits: WithReviewing): Promise<Asked> {
  const opened = await openReviewing(traits);
  const { fake, app, changeSearch } = opened;
  const files = Object.fromEntries(['a', 'b', 'c', 'd', 'e'].map((name) => [`${name}.txt`, name]));
  for (let at = 0; at < 5; at += 1) {
    await fake.state.addChange({ repo: app, branch: 'fix', files });
    fake.state.about(app, at + 1).label('ada', 'one');
  }
  const about = fake.state.about(app, 5);
  const [found] = (await changeSearch.search(app, { kind: 'branch', branch: 'fix' })).filter(
    ({ number }) => number === 5,
  );
  const change = found as Change;
  const sha = change.head.sha ?? '';
  for (const login of ['p1', 'p2', 'p3', 'p4', 'p5']) {
    fake.state.addAccount(login);
    about.review(login, 'approved');
    about.comment(login, 'talk');
    fake.state.checks.add(app, sha, { name: `run ${login}`, state: 'success', app: 'ci' });
    fake.state.checks.add(app, sha, { name: `status ${login}`, state: 'success' });
  }
  const { team } = traits.reviewing;
  if (team !== undefined) fake.state.members.addTeam(team('reviewers'), ['p1', 'p2', 'p3', 'p4', 'p5']);
  const main = await resolve(fake.state.repositories.get(app)?.gitDir ?? '', 'main');
  return { ...opened, change, sha, main };
}

/** One scenario for all faults of a question: making it takes much longer than asking. */
export function describeReviewingFailures(traits: WithReviewing): void {
  const withNext = traits.nextPage !== 'number';
  const nullIsEmpty = (name: string, fault: string) => fault === 'null' && name === traits.reviewing.nullIsEmpty;

  describe('failures of what is asked about change requests', () => {
    test.each(questions(traits))('%s', async (name, ask, hasPages) => {
      const asked = await prepare(traits);
      const outcomes: [string, string][] = [];
      const tryFault = async (about: string, rule: FaultRule) => {
        asked.fake.fail(rule);
        outcomes.push([about, await outcomeOf(ask(asked), asked)]);
        asked.fake.heal();
      };
      const hasTypes = await answersWithTypes(asked, ask);
      for (const [about, fault] of faults) {
        if (nullIsEmpty(name, about) || (fault.kind === 'wrong-types' && !hasTypes)) continue;
        await tryFault(about, { fault });
      }
      if (hasPages) await tryFault('a later page', { path: /(\bpage|start)=2\b/, fault: says(403) });
      if (hasPages && withNext) await tryFault('a circle', { fault: { kind: 'next-page', url: 'self' } });
      expect(outcomes.filter(([, outcome]) => outcome !== 'a failure')).toEqual([]);
      await expect(ask(asked)).resolves.toBeDefined();
    });
  });
}

/** An empty list, which some questions are answered with, has no types that could be wrong. */
async function answersWithTypes(asked: Asked, ask: Question): Promise<boolean> {
  const before = asked.fake.requests.length;
  await ask(asked);
  const bodies = asked.fake.requests.slice(before).map(({ answer }) => answer?.body);
  return bodies.some((body) => !isDeepStrictEqual(swapTypes(body), body));
}

async function outcomeOf(answer: Promise<unknown>, { fake }: Asked): Promise<string> {
  try {
    return `it answered ${JSON.stringify(await answer)}`;
  } catch (error) {
    if (!(error instanceof SluiceError) || error.code === 'internal') return `it threw ${String(error)}`;
    return inspect(error, { depth: 5 }).includes(fake.token) ? 'it showed the token' : 'a failure';
  }
}
