import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { startGitHttpServer } from '../support/git-http-server.ts';
import { commit, makeBareRepo, refs, setRef } from '../support/git-repo.ts';
import { sluice } from '../support/sluice.ts';
import { testDir } from '../support/temp-dir.ts';

const examples = join(import.meta.dirname, '../../examples');

test('plugin-command: the subcommand of the example runs', async () => {
  const ran = await sluice(['-C', join(examples, 'plugin-command'), 'whereis', 'github:acme/app']);
  expect(ran).toMatchObject({ status: 0, stderr: '' });
  expect(ran.stdout).toContain('https://github.com/acme/app');
  const wrong = await sluice(['-C', join(examples, 'plugin-command'), 'whereis', 'nowhere:acme/app']);
  expect(wrong).toMatchObject({ status: 64, stderr: expect.stringContaining('nowhere') });
});

test('plugin-forge: --prs mirrors what the forge of the example lists', async () => {
  const dir = await testDir();
  const app = await makeBareRepo(join(dir, 'acme/app.git'));
  const base = await commit(app, { message: 'start', files: { a: 'a' }, ref: 'refs/heads/main' });
  const head = await commit(app, { parent: base, message: 'fix', files: { a: 'b' } });
  await setRef(app, 'refs/changes/7/head', head);
  const server = await startGitHttpServer(dir);
  onTestFinished(() => server.close());
  const change = { number: 7, title: 'Fix', author: 'ann', branch: 'fix', sha: head, base: 'main' };
  const index = JSON.stringify({ 'acme/app': [change] });
  server.options.fault = ({ path }) => (path === '/index.json' ? { status: 200, body: index } : undefined);
  const config = join(dir, 'sluice.json');
  const plugins = [join(examples, 'plugin-forge/git-index.js')];
  await writeFile(config, JSON.stringify({ plugins, forges: { plain: { type: 'git-index', url: server.origin } } }));

  const to = join(dir, 'mirror.git');
  const ran = await sluice(['mirror', '-c', config, 'plain:acme/app', to, '--prs', '--create']);
  expect(ran).toMatchObject({ status: 0, stderr: '' });
  expect((await refs(to)).get('refs/heads/pr/7')).toBe(head);
  const create = await sluice(['mirror', '-c', config, 'plain:acme/app', 'plain:acme/new', '--create']);
  expect(create).toMatchObject({ status: 64, stderr: expect.stringContaining('cannot create repositories') });
});
