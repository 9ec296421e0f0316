import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { ForgeType } from '../../src/core/forges/forge.ts';
import { corpusIsPresent, listCorpus, readCorpus } from '../support/corpus.ts';
import { headersOf } from '../support/deliveries/sign.ts';
import { commit, refs, resolve } from '../support/git-repo.ts';
import type { ServeProcess } from './serve-process.ts';
import { eventually, forgeTypes, openServeSite, type ServeSite, secret } from './serve-site.ts';

interface RecordedEvent {
  readonly name: string;
  readonly examples: readonly object[];
}

const examples = createRequire(import.meta.url);

/** Sends a recorded body, signed as its forge does. */
async function send(server: ServeProcess, type: ForgeType, event: string, guid: string, body: Buffer) {
  return await server.post(type, { headers: headersOf(type, event, guid, body, secret), body });
}

/** A repository that is not configured, or an event of no interest: said with a reason, and nothing comes of it. */
const quiet = { status: 202, body: { jobs: 0, reason: expect.stringMatching(/./) } };

async function isAlive(site: ServeSite, server: ServeProcess): Promise<void> {
  expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
  expect(await site.ask('jobs', 'list')).toMatchObject({ jobs: [] });
}

describe("GitHub's recorded payloads through the whole server", () => {
  test.each(['api.github.com', 'ghes-35', 'ghes-31'])('%s', async (edition) => {
    const events: readonly RecordedEvent[] = examples(`@octokit/webhooks-examples/${edition}/index.json`);
    const site = await openServeSite();
    await site.configure({}, { mirror: { to: 'github:mirrors/app', changes: true } });
    await site.hook('push-octocat-hello-world', '#!/bin/sh\nexit 1\n');
    const server = await site.start();
    let count = 0;
    for (const { name, examples: bodies } of events) {
      for (const example of bodies) {
        count += 1;
        const body = Buffer.from(JSON.stringify(example));
        const answer = await send(server, 'github', name, `${name}-${count}`, body);
        expect([name, answer]).toMatchObject([name, name === 'ping' ? { status: 200 } : quiet]);
      }
    }
    expect(count).toBeGreaterThan(40);
    await isAlive(site, server);
  });

  test('as a form, which is the other content type', async () => {
    const events: readonly RecordedEvent[] = examples('@octokit/webhooks-examples/api.github.com/index.json');
    const site = await openServeSite();
    const server = await site.start();
    for (const { name, examples: bodies } of events) {
      const body = Buffer.from(new URLSearchParams({ payload: JSON.stringify(bodies[0]) }).toString());
      const headers = {
        ...headersOf('github', name, `form-${name}`, body, secret),
        'content-type': 'application/x-www-form-urlencoded',
      };
      const answer = await server.post('github', { headers, body });
      expect([name, answer]).toMatchObject([name, name === 'ping' ? { status: 200 } : quiet]);
    }
    await isAlive(site, server);
  });

  test('of a repository that is served: every one is worked on to its end, and the bytes are kept as they came', async () => {
    const events: readonly RecordedEvent[] = examples('@octokit/webhooks-examples/api.github.com/index.json');
    const site = await openServeSite();
    const { fake } = site.forge('github');
    await fake.state.addRepository('Codertocat/Hello-World');
    const run = [{ name: 'note', on: ['push', 'change', 'tag', 'delete'], command: ['true'] }];
    const served = {
      mirror: { to: 'github:mirrors/app', changes: true, branches: ['**'] },
      run,
      trust: ['internal', 'label:ok'],
      statuses: false,
    };
    await site.configure({ concurrency: { total: 8, perRepository: 8 } }, { repo: 'github:*/*', ...served });
    const server = await site.start();
    let jobs = 0;
    for (const { name, examples: bodies } of events) {
      for (const [index, example] of bodies.entries()) {
        const body = Buffer.from(JSON.stringify(example));
        const answer = await send(server, 'github', name, `${name}-${index}`, body);
        expect([name, answer.status]).toEqual([name, name === 'ping' ? 200 : 202]);
        jobs += Number(answer.body.jobs ?? 0);
      }
    }
    expect(jobs).toBeGreaterThan(20);
    const body = JSON.stringify(events.find(({ name }) => name === 'push')?.examples[0]);
    expect(await site.ask('deliveries', 'show', 'push-0')).toMatchObject({ delivery: { body } });
    await eventually(async () => {
      const all = (await site.ask('jobs', 'list', '--limit', '500')) as { jobs: readonly { state: string }[] };
      expect(all.jobs.map(({ state }) => state)).not.toContain('running');
    });
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
  });

  test('under every name, and to sources of other forges: never a fault of ours', async () => {
    const events: readonly RecordedEvent[] = examples('@octokit/webhooks-examples/api.github.com/index.json');
    const site = await openServeSite(forgeTypes);
    const server = await site.start();
    const names: Readonly<Record<ForgeType, readonly string[]>> = {
      github: ['push', 'pull_request', 'pull_request_review', 'issue_comment', 'status', 'check_run'],
      gitlab: ['Push Hook'],
      gitea: ['push', 'pull_request', 'pull_request_approved', 'issue_comment', 'status', 'delete'],
      bitbucket: ['repo:push', 'pullrequest:created', 'pullrequest:approved', 'repo:commit_status_updated'],
      'bitbucket-datacenter': ['repo:refs_changed', 'pr:opened', 'pr:reviewer:approved'],
    };
    for (const type of forgeTypes) {
      for (const [index, { examples: bodies }] of events.entries()) {
        const name = names[type][index % names[type].length] ?? '';
        const answer = await send(server, type, name, `${type}-${index}`, Buffer.from(JSON.stringify(bodies[0])));
        expect([type, name, answer.status]).toEqual([type, name, answer.status === 202 ? 202 : 400]);
      }
    }
    await isAlive(site, server);
  });
});

const corpusForges = forgeTypes.filter((type) => type !== 'github');
const reason = corpusIsPresent ? '' : ' (skipped: no corpus beside the checkout)';

describe.skipIf(!corpusIsPresent)(`recorded payloads of the corpus${reason}`, () => {
  test.each(corpusForges)('%s, under every event that it has', async (type) => {
    const names: Readonly<Partial<Record<ForgeType, readonly string[]>>> = {
      gitlab: ['System Hook', 'Push Hook'],
      gitea: ['push', 'create', 'delete', 'pull_request', 'issue_comment', 'pull_request_approved', 'status'],
      bitbucket: ['repo:push', 'pullrequest:created', 'pullrequest:fulfilled', 'repo:commit_status_updated'],
      'bitbucket-datacenter': ['repo:refs_changed', 'pr:opened', 'pr:merged', 'pr:deleted'],
    };
    const site = await openServeSite([type]);
    await site.configure({}, { mirror: { to: `${type}:mirrors/app`, changes: true } });
    const server = await site.start();
    const files = (await listCorpus(`forges/${type}/webhooks`)).filter((name) => name.endsWith('.json'));
    const seen = new Set<number>();
    for (const file of files) {
      const body = Buffer.from(await readCorpus(`forges/${type}/webhooks/${file}`));
      for (const name of names[type] ?? []) {
        const { status } = await send(server, type, name, `${file}-${name}`, body);
        expect([file, name, status]).toEqual([file, name, status === 202 ? 202 : 400]);
        seen.add(status);
      }
    }
    expect(seen).toContain(202);
    await isAlive(site, server);
  });
});

const hostile = ['-x', '$(id)', '`id`', "a'b", 'a"b', 'a;b', 'x|y', 'a&b', '<script>', '@', 'refs/heads/x', 'ü/ö'];
const names = [...hostile, '{number}', '%s%n', 'a,b', '#1', 'x'.repeat(200)];

test('names of branches are data: in arguments, environment, checkout, mirror, statuses and pages', async () => {
  const site = await openServeSite();
  const out = join(site.root, 'out');
  const command = ['sh', '-c', `printf '%s %s\\n' "$(git rev-parse HEAD)" "$SLUICE_BRANCH" >> '${out}'`];
  await site.configure(
    { concurrency: { total: 4, perRepository: 4 }, public: true },
    {
      mirror: { to: 'github:mirrors/app', branches: ['**'] },
      run: [{ name: 'in a checkout', on: ['push'], command, checkout: true }],
    },
  );
  await site.hook('push-acme-app', `#!/bin/sh\nprintf '%s %s\\n' "$6" "$5" >> '${out}'\n`);
  const { fake, delivery } = site.forge('github');
  const gitDir = fake.state.repositories.get('acme/app')?.gitDir ?? '';
  const parent = await resolve(gitDir, 'refs/heads/main');
  const server = await site.start();
  const pushed = new Map<string, string>([['refs/heads/main', parent]]);
  for (const name of names) {
    const ref = `refs/heads/${name}`;
    const after = await commit(gitDir, { message: name, parent, ref });
    pushed.set(ref, after);
    const answer = await server.post('github', delivery({ kind: 'push', ref, after }));
    expect([name, answer]).toMatchObject([name, { status: 202, body: { jobs: 3 } }]);
  }
  await eventually(async () =>
    expect(await refs(fake.state.repositories.get('mirrors/app')?.gitDir ?? '')).toEqual(pushed),
  );
  const lines = names.flatMap((name) => Array(2).fill(`${pushed.get(`refs/heads/${name}`)} ${name}`));
  await eventually(async () => expect((await readFile(out, 'utf8')).trim().split('\n').sort()).toEqual(lines.sort()));
  await eventually(() => {
    for (const name of names) {
      const told = fake.state.statuses.of('acme/app', pushed.get(`refs/heads/${name}`) ?? '');
      expect([name, ...told.map(({ state }) => state)]).toEqual([name, 'success', 'success']);
    }
  });
  for (const name of names) {
    const page = await fetch(`${server.url}/runs?branch=${encodeURIComponent(name)}`);
    const text = await page.text();
    expect([name, page.status, text.includes('<script>')]).toEqual([name, 200, false]);
    expect(text).toContain('push-acme-app');
  }
}, 120_000);
