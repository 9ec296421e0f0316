import { describe, expect, test } from 'vitest';
import { listChangeHeads } from '../../../src/core/app/poll-changes.ts';
import { fetchPlace } from '../../../src/core/app/poll-heads.ts';
import { SluiceError } from '../../../src/core/errors.ts';
import type { Endpoint } from '../../../src/core/git/endpoint.ts';
import type { RefName, RemoteRef } from '../../../src/core/model/ref.ts';
import type { KnownRef } from '../../../src/core/poll/plan.ts';
import { parsePolicies } from '../../../src/core/trust/policy.ts';
import { account, fromFork, sayingForge } from './forge.ts';
import { oid, watched } from './site.ts';

const approval = { by: account('wendy'), state: 'approved', commit: oid(7), at: 2000 } as const;

function open(
  { forge }: ReturnType<typeof sayingForge>,
  policies: readonly string[],
  branches: (endpoint: Endpoint, ref: RefName) => readonly RemoteRef[] = () => [],
) {
  const warnings: string[] = [];
  const list = listChangeHeads({
    rulesOf: () => ({ policies: parsePolicies(policies) }),
    listBranch: async (endpoint, ref) => branches(endpoint, ref),
    warn: (text) => void warnings.push(text),
    random: () => 0.5,
  });
  const endpoint: Endpoint = {
    url: forge.cloneUrl('acme/app'),
    display: 'gh:acme/app',
    transport: 'http',
    forge,
    repo: 'acme/app',
  };
  const repository = watched('app', { endpoint, intervalMs: 60_000 });
  const look = (known: Readonly<Record<RefName, KnownRef>> = {}) =>
    list(repository, () => new Map(Object.entries(known)), { signal: new AbortController().signal });
  return { look, warnings, endpoint };
}

describe('a verdict', () => {
  test('is asked for a head that was never judged, not again for one that has run, and again while it is blocked', async () => {
    const site = sayingForge({ changes: [fromFork(7, oid(7))] });
    const { look } = open(site, ['review']);
    const ref = 'refs/pull/7/head';
    const blocked = await look();
    expect(blocked).toMatchObject({
      heads: [{ ref, oid: oid(7), number: 7, blocked: expect.stringContaining('must approve it') }],
      complete: true,
    });
    expect(site.asked).toContain('reviews 7');

    site.asked.length = 0;
    for (const state of ['settled', 'running'] as const) await look({ [ref]: { oid: oid(7), state } });
    expect(site.asked).toEqual(['listOpen', 'listOpen']);

    site.said.reviews = [approval];
    expect((await look({ [ref]: { oid: oid(7), state: 'blocked' } })).heads).toMatchObject([{ blocked: undefined }]);
    site.said.reviews = [];
    expect((await look({ [ref]: { oid: oid(7), state: 'queued' } })).heads).toMatchObject([
      { blocked: expect.stringContaining('approve') },
    ]);
    site.asked.length = 0;
    await look({ [ref]: { oid: oid(6), state: 'settled' } });
    expect(site.asked).toContain('reviews 7');
  });

  test('of many blocked heads is asked in turn, a few at each look, and all of them before long', async () => {
    const changes = Array.from({ length: 25 }, (_, at) => fromFork(at + 1, oid(7)));
    const site = sayingForge({ changes });
    const { look } = open(site, ['review']);
    const known = Object.fromEntries(
      changes.map(({ number }) => [`refs/pull/${number}/head`, { oid: oid(7), state: 'blocked' } as const]),
    );
    const turns: string[][] = [];
    for (let n = 0; n < 3; n += 1) {
      site.asked.length = 0;
      expect((await look(known)).heads.filter(({ blocked }) => blocked !== undefined)).toHaveLength(25);
      turns.push(site.asked.filter((one) => one.startsWith('reviews')));
    }
    expect(turns.map(({ length }) => length)).toEqual([10, 10, 10]);
    expect(new Set(turns.flat()).size).toBe(25);
  });

  test('of very many heads at a first sight waits for the next look, and the first sight with it', async () => {
    const site = sayingForge({ changes: Array.from({ length: 130 }, (_, at) => fromFork(at + 1, oid(7))) });
    const { look } = open(site, ['review']);
    const first = await look();
    expect(first).toMatchObject({ complete: false, failure: undefined });
    expect([first.heads.length, first.undecided.size]).toEqual([100, 30]);
    const known = Object.fromEntries(first.heads.map(({ ref }) => [ref, { oid: oid(7), state: 'blocked' } as const]));
    expect(await look(known)).toMatchObject({ complete: true, undecided: new Set() });
  });

  test('that cannot be had leaves its change request undecided, and says which', async () => {
    const site = sayingForge({ changes: [fromFork(7, oid(7)), fromFork(8, oid(8), { internal: true })] });
    const { look } = open(site, ['internal', 'review']);
    site.said.faults = { reviews: new SluiceError('denied', 'list the reviews: 403', { hint: 'Give it more.' }) };
    expect(await look()).toMatchObject({
      heads: [{ number: 8, blocked: undefined }],
      undecided: new Set(['refs/pull/7/head']),
      complete: true,
      failure: {
        code: 'denied',
        message: 'whether pull request #7 is trusted: list the reviews: 403',
        hint: 'Give it more.',
      },
    });
    site.said.faults = { reviews: new SluiceError('rate-limited', 'slow down', { retryAfterMs: 5000 }) };
    expect(await look()).toMatchObject({ complete: false, failure: { retryAfterMs: 5000 } });
  });
});

describe('where the forge keeps no refs for heads (Bitbucket Cloud)', () => {
  const internal = { internal: true, head: { repo: 'acme/app', branch: 'work', sha: undefined } };

  test('the head is the branch it was made from, under a name that hides no branch', async () => {
    const site = sayingForge({ changes: [fromFork(7, undefined), fromFork(8, undefined, internal)] }, 'bitbucket');
    const { look, endpoint } = open(site, ['internal', 'author:stranger'], ({ repo }, ref) => [
      { name: ref, oid: repo === 'acme/app' ? oid(8) : oid(7) },
      { name: `${ref}-other`, oid: oid(1) },
    ]);
    expect(await look()).toMatchObject({
      heads: [
        { ref: 'refs/sluice/changes/7', oid: oid(7), blocked: undefined },
        { ref: 'refs/sluice/changes/8', oid: oid(8), blocked: undefined },
      ],
      complete: true,
    });
    expect(await fetchPlace(endpoint, 7, {})).toMatchObject({
      endpoint: { url: 'https://git.example.org/stranger/app.git', display: 'gh:stranger/app' },
      ref: 'refs/heads/main',
    });
    await expect(fetchPlace(endpoint, 9, {})).rejects.toMatchObject({ code: 'not-found' });
  });

  test('a fork that is gone or private is said once, and keeps nothing else from being watched', async () => {
    const gone = fromFork(9, undefined, { head: { repo: undefined, branch: 'x', sha: undefined } });
    const site = sayingForge(
      { changes: [fromFork(7, undefined), fromFork(8, undefined, internal), gone] },
      'bitbucket',
    );
    const { look, warnings } = open(site, ['internal'], ({ repo }, ref) => {
      if (repo !== 'acme/app') throw new SluiceError('denied', 'gh:stranger/app: authentication failed');
      return [{ name: ref, oid: oid(8) }];
    });
    await look();
    expect(await look()).toMatchObject({ heads: [{ number: 8 }], complete: true, failure: undefined });
    expect(warnings.sort()).toEqual([
      'app: pull request #7 cannot be watched: gh:stranger/app: authentication failed',
      'app: pull request #9 cannot be watched: the repository of its head is gone',
    ]);
  });
});
