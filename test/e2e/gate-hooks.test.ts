import { chmod, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { startGitHttpServer } from '../support/git-http-server.ts';
import { git } from '../support/git-repo.ts';
import { type GateSite, openGateSite } from './gate-site.ts';

async function install(site: GateSite, ...args: readonly string[]) {
  return await site.sluice(['gate', 'install', '-c', site.config, ...args]);
}

/** Whether git lets `fix` go to the upstream repository, with what the hook said. */
async function push(site: GateSite, cwd = site.clone) {
  const { status, stderr } = await site.git(['-C', cwd, 'push', '-q', 'upstream', 'fix:refs/heads/main']);
  return { status, said: stderr.split('\n').filter((line) => line.startsWith('[sluice]')) };
}

describe('a pre-push hook in a clone', () => {
  test('refuses before anything is sent, and lets the same push pass once it is approved', async () => {
    const site = await openGateSite();
    await using server = await startGitHttpServer(site.root);
    await site.git(['remote', 'set-url', 'upstream', server.url(site.upstream)]);
    expect(await install(site)).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('created the pre-push hook'),
    });
    const change = await site.propose('fix');
    const refused = await push(site);
    expect(refused).toMatchObject({
      status: 1,
      said: ['[sluice] main may not go upstream yet:', ...Array(3).fill(expect.any(String))],
    });
    expect(server.requests.some(({ path }) => path.endsWith('/git-receive-pack'))).toBe(false);
    site.approve(change);
    expect(await push(site)).toEqual({ status: 0, said: [] });
    expect(await site.landed()).toEqual({ 'refs/heads/main': change.head.sha });
    expect(await push(site), 'nothing to push is nothing to judge').toEqual({ status: 0, said: [] });
  });

  test('pushes to an excepted remote are not judged', async () => {
    const site = await openGateSite();
    await install(site, '--except', 'origin');
    await site.propose('fix');
    expect((await push(site)).status).toBe(1);
    expect((await site.git(['push', '-q', 'origin', 'fix:refs/heads/other'])).status).toBe(0);
  });

  test('any revision, a new branch, a deletion', async () => {
    const site = await openGateSite();
    await site.configure({ deletions: 'allow' });
    await install(site);
    const change = await site.propose('fix');
    const to = (...words: readonly string[]) => site.git(['push', '-q', 'upstream', ...words]);
    expect((await to('fix~0:refs/heads/new')).status).toBe(1);
    site.approve(change);
    expect((await to('fix~0:refs/heads/new')).status).toBe(0);
    expect((await to('fix@{0}:refs/heads/new2')).status).toBe(0);
    expect((await to('fix~1:refs/heads/base')).status).toBe(1);
    expect((await to(':refs/heads/new')).status).toBe(0);
  });
});

describe('where git looks for hooks', () => {
  const hookOf = async (dir: string, kind = 'pre-push') => (await stat(join(dir, kind))).mode & 0o777;

  test.each<[string, (site: GateSite) => Promise<{ hooks: string; cwd?: string; from?: string }>]>([
    ['a clone', async ({ clone }) => ({ hooks: join(clone, '.git/hooks') })],
    [
      'a folder inside a clone',
      async ({ clone }) => {
        await mkdir(join(clone, 'a/b'), { recursive: true });
        return { hooks: join(clone, '.git/hooks'), from: join(clone, 'a/b') };
      },
    ],
    [
      'a worktree',
      async ({ clone, root }) => {
        const worktree = join(root, 'tree');
        await git(['-C', clone, 'worktree', 'add', '-q', '--detach', worktree]);
        return { hooks: join(clone, '.git/hooks'), cwd: worktree, from: worktree };
      },
    ],
    [
      'core.hooksPath, absolute',
      async ({ clone, root }) => {
        await git(['-C', clone, 'config', 'core.hooksPath', join(root, 'my hooks')]);
        return { hooks: join(root, 'my hooks') };
      },
    ],
    [
      'core.hooksPath, relative to the top, seen from a folder',
      async ({ clone }) => {
        await git(['-C', clone, 'config', 'core.hooksPath', '.githooks']);
        await mkdir(join(clone, 'a'));
        return { hooks: join(clone, '.githooks'), from: join(clone, 'a') };
      },
    ],
    [
      'core.hooksPath in the home directory',
      async ({ clone, env }) => {
        await git(['-C', clone, 'config', 'core.hooksPath', '~/hooks']);
        return { hooks: join(env.HOME ?? '', 'hooks') };
      },
    ],
  ])('%s', async (_, prepare) => {
    const site = await openGateSite();
    const { hooks, cwd, from } = await prepare(site);
    const installed = await site.sluice(['gate', 'install', '-c', site.config], from ?? site.clone);
    expect(installed).toMatchObject({ status: 0, stderr: '' });
    expect(await hookOf(hooks)).toBe(0o755);
    await site.propose('fix');
    expect((await push(site, cwd)).status, 'git runs it').toBe(1);
    expect(await site.sluice(['gate', 'uninstall'], from ?? site.clone)).toMatchObject({ status: 0 });
    expect(await readdir(hooks)).not.toContain('pre-push');
    expect((await push(site, cwd)).status).toBe(0);
  });

  test('a bare repository gets a pre-receive; both hooks can be asked for by name', async () => {
    const site = await openGateSite();
    await install(site, site.upstream);
    expect(await hookOf(join(site.upstream, 'hooks'), 'pre-receive')).toBe(0o755);
    await install(site, '--pre-push', site.upstream);
    expect((await readdir(join(site.upstream, 'hooks'))).sort()).toEqual(['pre-push', 'pre-receive']);
    expect(await install(site, '--pre-push', '--pre-receive')).toMatchObject({ status: 64 });
  });

  test('hooks of all repositories are warned of', async () => {
    const site = await openGateSite();
    const hooks = join(site.root, 'all');
    const global = join(site.root, 'gitconfig');
    await writeFile(global, `[core]\n\thooksPath = ${hooks}\n`);
    const { sluice } = await import('../support/sluice.ts');
    const env = { ...site.env, GIT_CONFIG_GLOBAL: global };
    const installed = await sluice(['gate', 'install', '-c', site.config], { cwd: site.clone, env });
    expect(installed).toMatchObject({ status: 0, stderr: expect.stringContaining('every one of them') });
    expect(await hookOf(hooks)).toBe(0o755);
  });

  test.each([
    ['no repository', ['.'], 'no git repository'],
    ['no directory', ['nowhere'], 'is not a directory'],
  ])('%s is wrong usage', async (_, args, words) => {
    const { root, sluice } = await openGateSite();
    const ran = await sluice(['gate', 'install', ...args], root);
    expect(ran).toMatchObject({ status: 64, stderr: expect.stringContaining(words) });
  });
});

test('a configuration is read before a hook relies on it', async () => {
  const site = await openGateSite();
  const install = (config: string) => site.sluice(['gate', 'install', '-c', config]);
  expect(await install('nowhere.yaml')).toMatchObject({ status: 78, stderr: expect.stringContaining('nowhere.yaml') });
  const wrong = join(site.root, 'wrong.json');
  await writeFile(wrong, '{ "gate": { "minApproval": 1 } }');
  expect(await install(wrong)).toMatchObject({ status: 78, stderr: expect.stringContaining('minApprovals') });
  await writeFile(wrong, '{}');
  expect(await install('../wrong.json')).toMatchObject({ status: 0, stderr: expect.stringContaining('gate.repos') });
  expect(await readFile(join(site.clone, '.git/hooks/pre-push'), 'utf8')).toContain(wrong);
});

test('installing again changes nothing; --dry-run neither; --json says what was done', async () => {
  const site = await openGateSite();
  const hook = join(site.clone, '.git/hooks/pre-push');
  const dry = await install(site, '--dry-run');
  expect(dry).toMatchObject({ status: 0, stdout: expect.stringMatching(/^would create .*\n\n#!\/bin\/sh\n/) });
  await expect(stat(hook)).rejects.toThrow('ENOENT');
  const first = JSON.parse((await install(site, '--json')).stdout);
  expect(first).toEqual({
    command: 'gate install',
    hook: 'pre-push',
    path: hook,
    action: 'create',
    before: null,
    dryRun: false,
  });
  const text = await readFile(hook);
  expect(JSON.parse((await install(site, '--json')).stdout)).toMatchObject({ action: 'unchanged' });
  expect(await readFile(hook)).toEqual(text);
});

describe('a hook that was there before', () => {
  async function siteWithHook(script: string): Promise<GateSite & { readonly hook: string }> {
    const site = await openGateSite();
    const hook = join(site.clone, '.git/hooks/pre-push');
    await mkdir(join(hook, '..'), { recursive: true });
    await writeFile(hook, script);
    await chmod(hook, 0o755);
    return { ...site, hook };
  }

  test('is neither overwritten nor removed', async () => {
    const site = await siteWithHook('#!/bin/sh\nexit 0\n');
    expect(await install(site)).toMatchObject({ status: 64, stderr: expect.stringContaining('--chain') });
    expect(await site.sluice(['gate', 'uninstall'])).toMatchObject({ status: 64 });
    expect(await readFile(site.hook, 'utf8')).toBe('#!/bin/sh\nexit 0\n');
  });

  test('--chain: both get what git says, both must agree, and uninstall puts it back', async () => {
    const script =
      '#!/bin/sh\necho "$@" > "$(git rev-parse --git-dir)/seen"\ncat >> "$(git rev-parse --git-dir)/seen"\nexit "$(cat status)"\n';
    const site = await siteWithHook(script);
    const change = await site.propose('fix');
    site.approve(change);
    expect(await install(site, '--chain')).toMatchObject({ status: 0 });
    await writeFile(join(site.clone, 'status'), '1');
    expect((await push(site)).status).toBe(1);
    await writeFile(join(site.clone, 'status'), '0');
    expect(await push(site)).toEqual({ status: 0, said: [] });
    const zero = '0'.repeat(40);
    expect(await readFile(join(site.clone, '.git/seen'), 'utf8')).toBe(
      `upstream ${site.upstream}\nrefs/heads/fix ${change.head.sha} refs/heads/main ${zero}\n`,
    );
    const other = await site.propose('other');
    const refused = await site.git(['push', '-q', 'upstream', 'other:refs/heads/x']);
    expect(refused, 'the old one agrees, the gate does not').toMatchObject({ status: 1 });
    expect(await site.landed()).toEqual({ 'refs/heads/main': change.head.sha });
    expect(other.head.sha).not.toBe(change.head.sha);
    await site.sluice(['gate', 'uninstall']);
    expect(await readFile(site.hook, 'utf8')).toBe(script);
    expect((await readdir(join(site.hook, '..'))).filter((name) => !name.endsWith('.sample'))).toEqual(['pre-push']);
  });
});

test('a hook whose sluice has gone refuses, and says what to do', async () => {
  const site = await openGateSite();
  await install(site);
  const hook = join(site.clone, '.git/hooks/pre-push');
  const text = await readFile(hook, 'utf8');
  await writeFile(hook, text.replace(/^sluice=.*$/m, "sluice='/gone/sluice.js'"));
  site.approve(await site.propose('fix'));
  const { status, said } = await push(site);
  expect({ status, said }).toEqual({
    status: 1,
    said: [expect.stringContaining('/gone/sluice.js nor on PATH'), expect.stringContaining('sluice gate install')],
  });
});

test('a configuration that went or broke after the installation is a no', async () => {
  const site = await openGateSite();
  await install(site);
  site.approve(await site.propose('fix'));
  await rename(site.config, `${site.config}.old`);
  expect((await push(site)).status).toBe(1);
  await writeFile(site.config, '{ "gate": ');
  expect((await push(site)).status).toBe(1);
  await writeFile(site.config, '{ "gate": { "minApproval": 1 } }');
  expect((await push(site)).status).toBe(1);
  await rm(site.config);
  await rename(`${site.config}.old`, site.config);
  expect((await push(site)).status).toBe(0);
});
