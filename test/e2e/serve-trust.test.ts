import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { ForgeType } from '../../src/core/forges/forge.ts';
import type { FakeChange } from '../support/fake-forge/state.ts';
import { refs } from '../support/git-repo.ts';
import type { ServeProcess } from './serve-process.ts';
import { eventually, forgeTypes, openServeSite, type ServeSite, type SiteForge } from './serve-site.ts';

/** A served repository with a mirror and a script for change requests, and one change request of a stranger's. */
interface TrustScene {
  readonly site: ServeSite;
  readonly forge: SiteForge;
  readonly server: ServeProcess;
  propose(files?: Readonly<Record<string, string>>): Promise<FakeChange>;
  move(change: FakeChange): Promise<FakeChange>;
  /** Tells the server that somebody said something. */
  told(what: 'review' | 'comment' | 'label', number: number): Promise<void>;
  /** Commits that the script ran for, in order. */
  ran(): Promise<readonly string[]>;
  mirrored(): Promise<Readonly<Record<string, string>>>;
  /** Context → description of what is pending on a commit. */
  waitsFor(change: FakeChange): Promise<void>;
}

async function openTrustScene(type: ForgeType, repository: object): Promise<TrustScene> {
  const site = await openServeSite([type]);
  const forge = site.forge(type);
  const { fake, repo } = forge;
  const journal = join(site.root, 'journal');
  await site.hook('pull_request-acme-app', `#!/bin/sh\necho "$SLUICE_SHA" >> '${journal}'\n`);
  await site.configure({}, { mirror: { to: `${type}:mirrors/app`, changes: true }, ...repository });
  fake.state.addAccount('writer');
  fake.state.members.grant(repo, 'writer', 'write');
  const server = await site.start();

  async function deliver(action: 'opened' | 'updated', { number, title, author, head, base }: FakeChange) {
    const change = { number, title, author, headRepo: head.repo, headBranch: head.branch, headSha: head.sha };
    const scenario = { kind: 'change', action, change: { ...change, baseBranch: base.branch } } as const;
    expect(await server.post(type, forge.delivery(scenario))).toMatchObject({ status: 202, body: { jobs: 2 } });
  }

  return {
    site,
    forge,
    server,
    async propose(files) {
      const more = files === undefined ? {} : { files };
      const from = { repo, from: 'stranger/app', branch: 'fix', author: 'stranger', ...more };
      const change = await fake.state.addChange(from);
      await deliver('opened', change);
      return change;
    },
    async move({ number }) {
      const moved = await fake.state.pushChange(repo, number);
      await deliver('updated', moved);
      return moved;
    },
    async told(what, number) {
      const answer = await server.post(type, forge.delivery({ kind: 'endorsement', what, number }));
      expect(answer).toMatchObject({ status: 202, body: { jobs: 2 } });
    },
    async ran() {
      const text = await readFile(journal, 'utf8').catch(() => '');
      return text.split('\n').filter((line) => line !== '');
    },
    async mirrored() {
      const all = await refs(fake.state.repositories.get('mirrors/app')?.gitDir ?? '');
      return Object.fromEntries([...all].filter(([name]) => name.startsWith('refs/heads/')));
    },
    async waitsFor({ head }) {
      for (const kind of ['mirror', 'script'] as const)
        await server.until((run) => run.kind === kind && run.state === 'waiting' && run.sha === head.sha);
      // Bitbucket Cloud takes no status for a commit that only the fork has.
      if (type === 'bitbucket') return;
      await eventually(() => {
        const told = fake.state.statuses.of(repo, head.sha);
        expect(told.map(({ context }) => context).sort()).toEqual(['pull_request-acme-app', 'sluice/mirror']);
        for (const { state, description } of told) {
          expect(state).toMatch(/pending|INPROGRESS/i);
          expect(description).toMatch(/^waiting: .*(write access must|it changes)/);
        }
      });
    },
  };
}

const trust = ['internal', 'comment:/ok-to-test'];

function sentStatuses({ fake }: SiteForge): readonly unknown[] {
  const sent = fake.requests.filter(({ method, url }) => method === 'POST' && url.pathname.includes('/statuses/'));
  return sent.map(({ body }) => (body as { state?: unknown }).state);
}

describe.each(forgeTypes)('a stranger at %s', (type) => {
  test('waits; a writer lets exactly this commit in; the next one waits again', async () => {
    const scene = await openTrustScene(type, { trust });
    const { state } = scene.forge.fake;
    const { repo } = scene.forge;
    const change = await scene.propose();
    await scene.waitsFor(change);
    const about = state.about(repo, change.number);
    // By somebody who may not write; quoted; for another commit.
    about.comment('stranger', `/ok-to-test ${change.head.sha}`);
    about.comment('writer', `> /ok-to-test ${change.head.sha}`);
    about.comment('writer', `/ok-to-test ${change.base.sha}`);
    await scene.told('comment', change.number);
    await eventually(() => {
      const again = scene.server.runs.filter((run) => run.state === 'waiting');
      expect(again.length).toBeGreaterThanOrEqual(3);
    });
    expect([await scene.ran(), await scene.mirrored()]).toEqual([[], {}]);
    about.comment('writer', `/ok-to-test ${change.head.sha}`);
    await scene.told('comment', change.number);
    await eventually(async () => {
      expect(await scene.ran()).toEqual([change.head.sha]);
      expect(await scene.mirrored()).toEqual({ 'refs/heads/pr/1': change.head.sha });
    });
    const moved = await scene.move(change);
    await scene.waitsFor(moved);
    expect(await scene.ran()).toEqual([change.head.sha]);
    expect(await scene.mirrored()).toEqual({ 'refs/heads/pr/1': change.head.sha });
  });
});

describe('policies', () => {
  test('by default nobody from outside is trusted, and the status says what a writer must do', async () => {
    const scene = await openTrustScene('github', {});
    const change = await scene.propose();
    await scene.waitsFor(change);
    scene.forge.fake.state.about(scene.forge.repo, 1).review('writer', 'approved');
    scene.forge.fake.state.about(scene.forge.repo, 1).comment('writer', '/ok-to-test');
    await scene.told('comment', 1);
    await eventually(() =>
      expect(scene.server.runs.filter((run) => run.state === 'waiting').length).toBeGreaterThan(2),
    );
    expect([await scene.ran(), await scene.mirrored()]).toEqual([[], {}]);
  });

  test.each(['github', 'gitlab', 'gitea'] as const)(
    'a label by a writer, at %s, until the head moves',
    async (type) => {
      const scene = await openTrustScene(type, { trust: ['internal', 'label:safe'] });
      const change = await scene.propose();
      await scene.waitsFor(change);
      scene.forge.fake.state.about(scene.forge.repo, 1).label('writer', 'safe');
      await scene.told('label', 1);
      await eventually(async () => expect(await scene.ran()).toEqual([change.head.sha]));
      const moved = await scene.move(change);
      await scene.waitsFor(moved);
      expect(await scene.ran()).toEqual([change.head.sha]);
      // Put on anew, it is for the new head.
      scene.forge.fake.state.about(scene.forge.repo, 1).unlabel('writer', 'safe');
      scene.forge.fake.state.about(scene.forge.repo, 1).label('writer', 'safe');
      await scene.told('label', 1);
      await eventually(async () => expect(await scene.ran()).toEqual([change.head.sha, moved.head.sha]));
    },
  );

  test.each(forgeTypes)('a review by a writer, at %s, and none by the author or a reader', async (type) => {
    const scene = await openTrustScene(type, { trust: ['internal', 'review:writer'] });
    const change = await scene.propose();
    await scene.waitsFor(change);
    scene.forge.fake.state.addAccount('reader');
    scene.forge.fake.state.about(scene.forge.repo, 1).review('reader', 'approved');
    await scene.told('review', 1);
    await eventually(() =>
      expect(scene.server.runs.filter((run) => run.state === 'waiting').length).toBeGreaterThan(2),
    );
    expect(await scene.ran()).toEqual([]);
    scene.forge.fake.state.about(scene.forge.repo, 1).review('writer', 'approved');
    await scene.told('review', 1);
    await eventually(async () => {
      expect(await scene.ran()).toEqual([change.head.sha]);
      expect(await scene.mirrored()).toEqual({ 'refs/heads/pr/1': change.head.sha });
    });
  });

  test('a listed author is trusted; what he changes of guarded files is not, until a writer has approved it', async () => {
    const scene = await openTrustScene('github', { trust: ['internal', 'author:stranger'], guard: ['ci/**'] });
    const plain = await scene.propose({ 'src/a': 'x' });
    await eventually(async () => expect(await scene.ran()).toEqual([plain.head.sha]));
    const change = await scene.propose({ 'ci/test': 'rm -rf /' });
    await scene.waitsFor(change);
    const [status] = scene.forge.fake.state.statuses.of(scene.forge.repo, change.head.sha);
    expect(status?.description).toContain('it changes ci/test');
    scene.forge.fake.state.about(scene.forge.repo, change.number).review('writer', 'approved');
    await scene.told('review', change.number);
    await eventually(async () => expect(await scene.ran()).toEqual([plain.head.sha, change.head.sha]));
  });

  test('whoever waits in vain is told: nothing stays pending when the change request is closed', async () => {
    const scene = await openTrustScene('github', { trust });
    const { fake, delivery, repo } = scene.forge;
    const change = await scene.propose();
    await scene.waitsFor(change);
    fake.state.setChangeState(repo, change.number, 'closed');
    const { number, title, author, head, base } = change;
    const told = { number, title, author, headRepo: head.repo, headBranch: head.branch, headSha: head.sha };
    const scenario = { kind: 'change', action: 'closed', change: { ...told, baseBranch: base.branch } } as const;
    expect(await scene.server.post('github', delivery(scenario))).toMatchObject({ status: 202 });
    await eventually(() => {
      const last = fake.state.statuses.of(repo, head.sha).map(({ context, state }) => [context, state]);
      expect(last.sort()).toEqual([
        ['pull_request-acme-app', 'error'],
        ['sluice/mirror', 'success'],
      ]);
    });
    expect(await scene.ran()).toEqual([]);
  });

  test('comments of strangers do not use up what the forge takes of statuses', async () => {
    const scene = await openTrustScene('github', { trust });
    const change = await scene.propose();
    await scene.waitsFor(change);
    const waits = () => scene.server.runs.filter(({ state }) => state === 'waiting').length;
    for (let n = 0; n < 4; n += 1) {
      const before = waits();
      scene.forge.fake.state.about(scene.forge.repo, 1).comment('stranger', 'please!');
      await scene.told('comment', 1);
      await eventually(() => expect(waits()).toBeGreaterThan(before + 1));
    }
    // What is told last comes last.
    scene.forge.fake.state.about(scene.forge.repo, 1).comment('writer', `/ok-to-test ${change.head.sha}`);
    await scene.told('comment', 1);
    await eventually(() => expect(sentStatuses(scene.forge).filter((state) => state === 'success')).toHaveLength(2));
    const sent = sentStatuses(scene.forge);
    // Both wait, then the script runs; and nobody's remark makes anything look as if it had failed.
    expect(sent.filter((state) => state === 'pending').length).toBeLessThan(5);
    expect(sent).not.toContain('error');
  });

  test('a forge that does not answer the question says no yes: it is asked again', async () => {
    const scene = await openTrustScene('github', { trust });
    const { fake } = scene.forge;
    fake.fail({ path: /issues\/1\/comments/, fault: { kind: 'answer', status: 503 } });
    const change = await fake.state.addChange({
      repo: scene.forge.repo,
      from: 'stranger/app',
      branch: 'fix',
      author: 'stranger',
    });
    fake.state.about(scene.forge.repo, 1).comment('writer', `/ok-to-test ${change.head.sha}`);
    await scene.told('comment', 1);
    await eventually(() =>
      expect(fake.requests.filter(({ url }) => url.pathname.endsWith('/comments')).length).toBeGreaterThan(1),
    );
    expect(await scene.mirrored()).toEqual({});
    fake.heal();
    await eventually(async () => expect(await scene.mirrored()).toEqual({ 'refs/heads/pr/1': change.head.sha }));
  });
});
