import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import { changed } from '../e2e/serve-scene.ts';
import { eventually, openServeSite, type ServeSite } from '../e2e/serve-site.ts';
import type { Fault } from '../support/fake-forge/faults.ts';
import { refs } from '../support/git-repo.ts';

const repo = 'acme/app';
const served = { mirror: { to: 'github:mirrors/app', changes: true }, trust: ['internal', 'author:stranger'] };

async function propose(site: ServeSite) {
  return await site
    .forge('github')
    .fake.state.addChange({ repo, from: 'stranger/app', branch: 'f', author: 'stranger' });
}

async function mirrored(site: ServeSite): Promise<Readonly<Record<string, string>>> {
  return Object.fromEntries(await refs(site.forge('github').fake.state.repositories.get('mirrors/app')?.gitDir ?? ''));
}

interface Waiting {
  readonly queue: string;
  readonly attempt: number;
  readonly wait: number;
}

/** What is in the queue of a server that does not run. */
function queued(site: ServeSite): readonly Waiting[] {
  const store = new DatabaseSync(join(site.dataDir, 'jobs.sqlite'));
  const rows = store.prepare("SELECT queue, attempt, not_before FROM job WHERE state = 'queued' ORDER BY seq").all();
  store.close();
  return rows.map(({ queue, attempt, not_before }) => ({
    queue: String(queue),
    attempt: Number(attempt),
    wait: Number(not_before ?? 0) - Date.now(),
  }));
}

/** Time goes by: whatever waits for its next attempt may have it now. */
function letTimePass(site: ServeSite): void {
  const store = new DatabaseSync(join(site.dataDir, 'jobs.sqlite'));
  store.exec('UPDATE job SET not_before = NULL');
  store.close();
}

const downs: readonly (readonly [string, Fault, 'reset' | { readonly status: number }])[] = [
  ['answers 503', { kind: 'answer', status: 503, body: { message: 'we are down' } }, { status: 503 }],
  ['answers with a web page', { kind: 'html' }, { status: 500 }],
  ['resets every connection', { kind: 'reset' }, 'reset'],
];

describe.each(downs)('a forge that %s', (_, fault, gitFault) => {
  test('is asked again and again, and told everything once it is back; a script runs once', async () => {
    const site = await openServeSite();
    const journal = join(site.root, 'journal');
    await site.hook('push-acme-app', `#!/bin/sh\necho ran >> '${journal}'\n`);
    await site.configure({}, served);
    const { fake, git, delivery } = site.forge('github');
    const change = await propose(site);
    fake.fail({ fault });
    git.options.fault = () => gitFault;
    // It starts, says what is wrong, and takes deliveries meanwhile.
    const first = await site.start();
    expect((await first.post('github', delivery(changed('opened', change)))).status).toBe(202);
    const push = { kind: 'push', ref: 'refs/heads/main', after: change.base.sha } as const;
    expect((await first.post('github', delivery(push))).status).toBe(202);
    await first.until(({ kind, state }) => kind === 'script' && state === 'success');
    await eventually(() => expect(first.said()).toMatch(/could not be compared|could not be/));
    await eventually(async () => {
      const { jobs } = (await site.ask('jobs', 'list', '--state', 'queued')) as {
        jobs: readonly { kind: string; attempt: number }[];
      };
      expect(jobs.filter(({ kind, attempt }) => kind === 'mirror' && attempt > 0).length).toBe(1);
    });
    await first.kill();
    // Hours later, still down.
    for (let hours = 0; hours < 3; hours += 1) {
      letTimePass(site);
      const before = queued(site).find(({ queue }) => queue === 'mirror')?.attempt ?? 0;
      const again = await site.start();
      const asked = fake.requests.length;
      await eventually(() => expect(fake.requests.length).toBeGreaterThan(asked));
      await eventually(async () => {
        const { jobs } = (await site.ask('jobs', 'list', '--state', 'queued')) as {
          jobs: readonly { kind: string; attempt: number }[];
        };
        expect(jobs.find(({ kind }) => kind === 'mirror')?.attempt).toBeGreaterThan(before);
      });
      await again.kill();
    }
    fake.heal();
    git.options.fault = undefined;
    letTimePass(site);
    await site.start();
    await eventually(async () => expect(await mirrored(site)).toEqual({ 'refs/heads/pr/1': change.head.sha }));
    await eventually(() => {
      expect(fake.state.statuses.of(repo, change.head.sha)).toMatchObject([
        { context: 'sluice/mirror', state: 'success' },
      ]);
      expect(fake.state.statuses.of(repo, change.base.sha)).toMatchObject([
        { context: 'push-acme-app', state: 'success' },
      ]);
    });
    expect(await readFile(journal, 'utf8')).toBe('ran\n');
    await eventually(async () => expect(await site.ask('jobs', 'list', '--dead')).toMatchObject({ jobs: [] }));
  });
});

test('a forge that says when to come again is asked then, and not before', async () => {
  const site = await openServeSite();
  await site.configure({}, served);
  const { fake, delivery } = site.forge('github');
  const change = await propose(site);
  const headers = { 'retry-after': '1800' };
  fake.fail({ path: /pulls\/1$/, fault: { kind: 'answer', status: 429, headers, body: { message: 'slow down' } } });
  const server = await site.start();
  expect((await server.post('github', delivery(changed('opened', change)))).status).toBe(202);
  await eventually(async () => {
    const { jobs } = (await site.ask('jobs', 'list', '--state', 'queued')) as { jobs: readonly { attempt: number }[] };
    expect(jobs).toMatchObject([{ attempt: 1 }]);
  });
  await server.kill();
  const [waiting] = queued(site);
  expect(waiting).toMatchObject({ queue: 'mirror', attempt: 1 });
  expect(waiting?.wait).toBeGreaterThan(1_000_000);
});

test('a forge that never answers holds up nobody else’s work', async () => {
  const site = await openServeSite(['github', 'gitlab']);
  const run = [{ name: 'note', on: ['push'], command: ['true'] }];
  await site.configure({}, { run, statuses: false });
  const github = site.forge('github');
  github.fake.fail({ fault: { kind: 'hang' } });
  github.git.options.fault = () => 'hang';
  const server = await site.start();
  for (let n = 0; n < 10; n += 1) {
    const ref = `refs/heads/b${n}`;
    expect((await server.post('github', github.delivery({ kind: 'push', ref, after: 'a'.repeat(40) }))).status).toBe(
      202,
    );
  }
  const push = { kind: 'push', ref: 'refs/heads/main', after: 'b'.repeat(40) } as const;
  expect((await server.post('gitlab', site.forge('gitlab').delivery(push))).status).toBe(202);
  await server.until((one) => one.repo === 'gitlab:acme/app' && one.state === 'success');
});
