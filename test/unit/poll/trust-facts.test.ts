import { describe, expect, test } from 'vitest';
import { openTrust, type TrustRules } from '../../../src/core/app/trust-facts.ts';
import { requireTrustRoles } from '../../../src/core/app/trust-roles.ts';
import type { Change } from '../../../src/core/model/change.ts';
import { parsePolicies } from '../../../src/core/trust/policy.ts';
import { account, fromFork, sayingForge } from './forge.ts';
import { oid } from './site.ts';

const head = oid(7);
const change = fromFork(7, head);
const guarded = (path: string) => path.startsWith('ci/');
const approval = { by: account('wendy'), state: 'approved', commit: head, at: 2000 } as const;
const deed = { by: account('wendy'), at: 2000, commit: undefined } as const;

function rules(policies: readonly string[], more: Partial<TrustRules> = {}): TrustRules {
  return { policies: parsePolicies(policies), ...more };
}

async function ask(
  said: Parameters<typeof sayingForge>[0],
  asRules: TrustRules,
  { about = change, now = head }: { about?: Change; now?: string } = {},
) {
  const { forge, asked } = sayingForge(said);
  const trust = openTrust(forge, 'acme/app', asRules);
  const verdict =
    trust.known(about, head) ??
    (await trust.ask({ change: about, head, headNow: async () => now }, { signal: new AbortController().signal }));
  return { ...verdict, asked: asked.sort() };
}

describe('what is asked', () => {
  test('nothing of those who are trusted as they are, and nothing when nobody could say anything in favour', async () => {
    const all = rules(['internal', 'author:friend', 'label:ok', 'review', 'comment:/ok-to-test'], { guarded });
    expect(await ask({}, all, { about: fromFork(7, head, { internal: true }) })).toMatchObject({
      trusted: true,
      asked: [],
    });
    expect(await ask({}, rules(['author:STRANGER']))).toMatchObject({ trusted: true, asked: [] });
    expect(await ask({}, rules(['internal', 'author:friend']))).toMatchObject({ trusted: false, asked: [] });
  });

  test.each([
    [['review:writer'], { reviews: [approval] }, ['canWrite wendy', 'reviews 7']],
    [['label:ok'], { labels: [{ ...deed, name: 'ok' }] }, ['canWrite wendy', 'headSince 7', 'labels 7']],
    [['label:ok'], { labels: [{ ...deed, name: 'ok', commit: head }] }, ['canWrite wendy', 'labels 7']],
    [['comment:/ok'], { comments: [{ ...deed, text: '/ok' }] }, ['canWrite wendy', 'comments 7', 'headSince 7']],
    [['author:MEMBER'], { association: 'MEMBER' }, ['association 7']],
    [['author:MEMBER'], { association: 'NONE' }, ['association 7']],
    [['comment:/ok'], { comments: [{ ...deed, text: 'fine' }] }, ['comments 7']],
    [['label:ok'], { labels: [{ ...deed, name: 'bug' }] }, ['labels 7']],
    [['review'], { reviews: [{ ...approval, commit: oid(1) }] }, ['reviews 7']],
  ] as const)('%j: only the facts that it needs, of the persons who matter', async (policies, said, asked) => {
    expect((await ask(said, rules(policies))).asked).toEqual(asked);
  });

  test('a person is asked about once for all change requests of a look', async () => {
    const { forge, asked } = sayingForge({ reviews: [approval] });
    const trust = openTrust(forge, 'acme/app', rules(['review']));
    const call = { signal: new AbortController().signal };
    for (const number of [7, 8, 9]) {
      const question = { change: fromFork(number, head), head, headNow: async () => head };
      expect(await trust.ask(question, call)).toMatchObject({ trusted: true });
    }
    expect(asked.filter((one) => one.startsWith('canWrite'))).toEqual(['canWrite wendy']);
  });

  test('what it touches only when somebody vouches for it, and reviews only when it touches what is guarded', async () => {
    const byLabel = { labels: [{ ...deed, name: 'ok', commit: head }] };
    const labelled = ['canWrite wendy', 'changedPaths 7', 'labels 7'];
    expect(await ask({}, rules(['label:ok'], { guarded }))).toMatchObject({ trusted: false, asked: ['labels 7'] });
    expect(await ask(byLabel, rules(['label:ok'], { guarded }))).toMatchObject({ trusted: true, asked: labelled });
    const touching = { ...byLabel, changedPaths: ['ci/pipeline'] };
    expect(await ask(touching, rules(['label:ok'], { guarded }))).toMatchObject({
      trusted: false,
      missing: expect.stringMatching(/must approve 7777777777: it changes ci\/pipeline/),
      asked: [...labelled, 'reviews 7'],
    });
    expect(await ask({ ...touching, reviews: [approval] }, rules(['label:ok'], { guarded }))).toMatchObject({
      trusted: true,
    });
  });
});

describe('who is trusted', () => {
  test.each([
    ['a writer', { reviews: [approval] }, true],
    ['a reader', { reviews: [{ ...approval, by: account('rick') }] }, false],
    ['a machine that may write', { writers: ['ci'], reviews: [{ ...approval, by: account('ci', true) }] }, false],
    ['an account that is gone', { reviews: [{ ...approval, by: undefined }] }, false],
    ['a writer who took it back', { reviews: [approval, { ...approval, state: 'changes-requested' as const }] }, false],
    ['a writer, of another commit', { reviews: [{ ...approval, commit: oid(1) }] }, false],
    ['a writer, of who knows what', { reviews: [{ ...approval, commit: undefined }] }, false],
    ['a writer, where the forge resets', { reviews: [{ ...approval, commit: undefined }], resetOnPush: true }, true],
    ['the author', { writers: ['stranger'], reviews: [{ ...approval, by: account('stranger') }] }, false],
  ] as const)('approved by %s', async (_who, said, trusted) => {
    expect(await ask(said, rules(['review']))).toMatchObject({ trusted });
  });

  test('an approval that cannot be told to be for this commit is explained', async () => {
    const loose = await ask({ reviews: [{ ...approval, commit: undefined }] }, rules(['review']));
    expect(loose).toMatchObject({ missing: expect.stringMatching(/where the forge resets them on a push$/) });
    const wrong = await ask({ reviews: [{ ...approval, commit: oid(1) }] }, rules(['review']));
    expect(wrong).toMatchObject({ missing: expect.stringMatching(/\(for commit 7777777777\)$/) });
  });

  test.each([
    ['after the head came', { headSince: 1000 }, true],
    ['before the head came', { headSince: 3000 }, false],
    ['when nobody knows when the head came', { headSince: undefined }, false],
  ] as const)('a label or comment %s', async (_when, said, trusted) => {
    const labels = [{ ...deed, name: 'ok' }];
    const comments = [{ ...deed, text: 'thanks\n/ok' }];
    expect(await ask({ ...said, labels }, rules(['label:ok']))).toMatchObject({ trusted });
    expect(await ask({ ...said, comments }, rules(['comment:/ok']))).toMatchObject({ trusted });
  });

  test('a head that moved while the questions were asked is not trusted by answers that may be of the new one', async () => {
    const moved = await ask({ reviews: [approval] }, rules(['review']), { now: oid(8) });
    expect(moved).toMatchObject({ trusted: false, missing: expect.stringContaining('moved') });
  });

  test('a fact that the forge does not give is a failure, and no verdict', async () => {
    const faults = { canWrite: new Error('403') };
    await expect(ask({ reviews: [approval], faults }, rules(['review']))).rejects.toThrow('403');
  });
});

describe('requireTrustRoles', () => {
  test('names the forge, the policy and what is missing', () => {
    const { forge } = sayingForge();
    const { discussion: _, ...silent } = forge;
    const { labels: __, ...mute } = forge.discussion ?? {};
    const refused = (policies: readonly string[], more?: Partial<TrustRules>) =>
      expect(() => requireTrustRoles(silent, rules(policies, more)));
    refused(['internal', 'label:ok']).toThrow(/"label:ok" cannot be judged by: the forge gh \(github\).*labels/);
    refused(['comment:/ok']).toThrow(/comments/);
    refused(['author:MEMBER']).toThrow(/"author:MEMBER".*association/);
    refused(['internal'], { guarded }).toThrow(/guard.*changed paths/);
    refused(['internal', 'author:x', 'review']).not.toThrow();
    expect(() => requireTrustRoles({ ...forge, discussion: mute as never }, rules(['label:ok']))).toThrow(/labels/);
    expect(() => requireTrustRoles(forge, rules(['label:ok', 'review', 'comment:/x'], { guarded }))).not.toThrow();
  });
});
