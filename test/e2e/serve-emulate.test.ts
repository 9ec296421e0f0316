import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createEmulator } from 'emulate';
import { describe, expect, onTestFinished, test } from 'vitest';
import { startGitHttpServer } from '../support/git-http-server.ts';
import { commit, makeBareRepo } from '../support/git-repo.ts';
import { sluice } from '../support/sluice.ts';
import { testDir } from '../support/temp-dir.ts';
import { openFront } from './serve-front.ts';
import { startServe } from './serve-process.ts';
import { eventually } from './serve-site.ts';

const token = 'ghp_emulated0123456789abcdefghijklmnopqr';

interface DeliveryJson {
  readonly event: string;
  readonly action: string | null;
  readonly status_code: number;
}

/** A GitHub that others wrote, with `ann/app`; the git beside it is real, because it has none. */
async function openEmulated() {
  const seed = {
    tokens: { [token]: { login: 'ann', scopes: ['repo', 'admin:repo_hook'] } },
    github: {
      users: [{ login: 'ann' }, { login: 'bob' }],
      repos: [{ owner: 'ann', name: 'app', auto_init: true, default_branch: 'main' }],
    },
  };
  const emulator = await createEmulator({ service: 'github', port: 0, seed });
  onTestFinished(() => emulator.close());
  const root = await testDir();
  await mkdir(join(root, 'git/ann'), { recursive: true });
  const gitDir = await makeBareRepo(join(root, 'git/ann/app.git'));
  const main = await commit(gitDir, { message: 'start', ref: 'refs/heads/main' });
  const git = await startGitHttpServer(join(root, 'git'));
  onTestFinished(() => git.close());
  const front = await openFront();
  const out = join(root, 'out');
  const config = join(root, 'sluice.json');
  const run = [{ name: 'note', on: ['push', 'change'], command: ['sh', '-c', `env >> '${out}'`] }];
  const em = { type: 'github', url: git.origin, api: emulator.url, token: { env: 'EMULATED_TOKEN' } };
  await writeFile(
    config,
    JSON.stringify({
      forges: { em },
      repositories: [{ repo: 'em:ann/app', name: 'app', run, statuses: false }],
      serve: {
        listen: '127.0.0.1:0',
        dataDir: join(root, 'data'),
        baseUrl: front.url,
        register: true,
        reconcile: 0,
      },
    }),
  );
  const env = { HOME: root, XDG_CACHE_HOME: join(root, 'cache'), EMULATED_TOKEN: token };
  const api = async (method: string, path: string, body?: object): Promise<Record<string, never>> => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const sent = body === undefined ? {} : { body: JSON.stringify(body) };
    const answer = await fetch(`${emulator.url}/repos/ann/app${path}`, { method, headers, ...sent });
    return (await answer.json().catch(() => ({}))) as Record<string, never>;
  };
  const options = { cwd: root, env };
  return {
    main,
    api,
    hooks: async () => (await api('GET', '/hooks')) as unknown as readonly { id: number; config: { url: string } }[],
    seen: async () => await readFile(out, 'utf8').catch(() => ''),
    front,
    async start() {
      const starting = startServe(['-c', config], options);
      front.target = starting.then(({ url }) => url);
      const server = await starting;
      await eventually(() => expect(server.said()).toContain('the webhook of'));
      return server;
    },
    run: async (...args: readonly string[]) => await sluice([...args, '-c', config], options),
    /** A commit on a branch, as the emulator makes them: not git's own. */
    async commit(branch: string): Promise<string> {
      const ref = await api('GET', '/git/ref/heads/main');
      const { sha: parent = '' } = (ref.object ?? {}) as { sha?: string };
      const { tree = {} } = (await api('GET', `/git/commits/${parent}`)) as { tree?: { sha?: string } };
      const made = await api('POST', '/git/commits', { message: branch, tree: tree.sha, parents: [parent] });
      await api('POST', '/git/refs', { ref: `refs/heads/${branch}`, sha: made.sha });
      return String(made.sha);
    },
  };
}

describe('emulate, a GitHub that others wrote', () => {
  test('registers there once, is pinged and believed, and is removed', async () => {
    const scene = await openEmulated();
    await (await scene.start()).stop();
    const server = await scene.start();
    const hooks = await scene.hooks();
    expect(hooks.map(({ config }) => config.url)).toEqual([`${scene.front.url}/hooks/app`]);
    await scene.api('POST', `/hooks/${hooks[0]?.id}/pings`);
    const deliveries = (await scene.api('GET', `/hooks/${hooks[0]?.id}/deliveries`)) as unknown as readonly object[];
    expect(deliveries).toContainEqual(expect.objectContaining({ event: 'ping', status_code: 200 }));
    await server.stop();
    expect((await scene.run('serve', '--deregister')).status).toBe(0);
    expect(await scene.hooks()).toEqual([]);
  });

  test('a push that it signs runs the command for that commit', async () => {
    const scene = await openEmulated();
    const server = await scene.start();
    const sha = await scene.commit('topic');
    await scene.api('PATCH', '/git/refs/heads/main', { sha });
    const run = await server.until(({ state }) => state === 'success');
    expect(run).toMatchObject({ repo: 'em:ann/app', branch: 'main', event: 'push', sha: scene.main });
    expect(await scene.seen()).toContain('SLUICE_REF=refs/heads/main');
  });

  test('a pull request that it opens runs the command for its head; a comment and its end run nothing', async () => {
    const scene = await openEmulated();
    const server = await scene.start();
    const head = await scene.commit('topic');
    await scene.api('POST', '/pulls', { title: 'a topic', head: 'topic', base: 'main' });
    const run = await server.until(({ state }) => state === 'success');
    expect(run).toMatchObject({ branch: 'topic', event: 'pull_request', sha: head, change: { number: 1 } });
    expect(await scene.seen()).toContain(`SLUICE_SHA=${head}`);
    await scene.api('POST', '/issues/1/comments', { body: '/ok-to-test' });
    await scene.api('PATCH', '/pulls/1', { state: 'closed' });
    const [hook] = await scene.hooks();
    await eventually(async () => {
      const sent = (await scene.api('GET', `/hooks/${hook?.id}/deliveries`)) as unknown as readonly DeliveryJson[];
      expect(sent.map(({ event, action, status_code }) => [event, action, status_code])).toEqual([
        ['pull_request', 'closed', 202],
        ['issue_comment', 'created', 202],
        ['pull_request', 'opened', 202],
      ]);
    });
    await server.stop();
    expect(server.runs.filter(({ kind }) => kind === 'script').map(({ id }) => id)).toEqual([run.id, run.id]);
  });

  test.skip('mirroring, statuses, failed deliveries (skipped: emulate’s commits are not git’s, and it has none of the others)', () => {});
});
