import { chmod, link, mkdir, readdir, readFile, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { chainedName, hookScript } from '../../../src/core/gate/hook-script.ts';
import { applyHookPlan, planInstall, planUninstall } from '../../../src/core/gate/install.ts';
import { testDir } from '../../support/temp-dir.ts';

const settings = { kind: 'pre-push', node: '/n', sluice: '/s', config: undefined, except: [] } as const;
const foreign = '#!/bin/sh\nexit 0\n';

async function site() {
  const hooksDir = join(await testDir(), 'hooks');
  const hook = join(hooksDir, 'pre-push');
  const before = join(hooksDir, chainedName('pre-push'));
  return {
    hooksDir,
    hook,
    before,
    async install(more: { chain?: boolean; config?: string } = {}) {
      const { chain = false, config } = more;
      const plan = await planInstall({ hooksDir, settings: { ...settings, config }, chain });
      await applyHookPlan(plan);
      return plan.action;
    },
    async uninstall() {
      const plan = await planUninstall(hooksDir, 'pre-push');
      await applyHookPlan(plan);
      return plan.action;
    },
    async putForeign(text = foreign, mode = 0o755) {
      await mkdir(hooksDir, { recursive: true });
      await writeFile(hook, text);
      await chmod(hook, mode);
    },
    text: () => readFile(hook, 'utf8'),
    mode: async (path: string) => (await stat(path)).mode & 0o777,
    names: async () => (await readdir(hooksDir)).sort(),
  };
}

test('a new hook is whole and may run; again is unchanged; another setting is an update; removed is removed', async () => {
  const { hook, install, uninstall, text, mode, names } = await site();
  expect(await install()).toBe('create');
  expect(await text()).toBe(hookScript({ ...settings, chained: false }));
  expect(await mode(hook)).toBe(0o755);
  const first = await stat(hook);
  expect(await install()).toBe('unchanged');
  expect((await stat(hook)).ino).toBe(first.ino);
  expect(await install({ config: '/etc/sluice.yaml' })).toBe('update');
  expect(await text()).toContain('/etc/sluice.yaml');
  expect(await uninstall()).toBe('remove');
  expect(await uninstall()).toBe('none');
  expect(await names()).toEqual([]);
});

test('a plan changes nothing', async () => {
  const { hooksDir, putForeign, names } = await site();
  await expect(stat(hooksDir)).rejects.toThrow('ENOENT');
  await planInstall({ hooksDir, settings, chain: false });
  await expect(stat(hooksDir)).rejects.toThrow('ENOENT');
  await putForeign();
  await planInstall({ hooksDir, settings, chain: true });
  expect(await names()).toEqual(['pre-push']);
});

test('a permission that was lost comes back', async () => {
  const { hook, install, mode } = await site();
  await install();
  await chmod(hook, 0o644);
  expect(await install()).toBe('unchanged');
  expect(await mode(hook)).toBe(0o755);
});

describe('a hook of somebody else', () => {
  test('is neither overwritten nor removed', async () => {
    const { install, uninstall, putForeign, text, names } = await site();
    await putForeign();
    await expect(install()).rejects.toMatchObject({ code: 'usage', hint: expect.stringContaining('--chain') });
    await expect(uninstall()).rejects.toMatchObject({ code: 'usage' });
    expect(await text()).toBe(foreign);
    expect(await names()).toEqual(['pre-push']);
  });

  test('is kept and restored, with its bytes and its mode', async () => {
    const { hook, before, install, uninstall, putForeign, mode, names } = await site();
    const bytes = Buffer.from([35, 33, 255, 0, 10]);
    await putForeign();
    await writeFile(hook, bytes);
    await chmod(hook, 0o700);
    expect(await install({ chain: true })).toBe('create');
    expect(await readFile(before)).toEqual(bytes);
    expect(await mode(before)).toBe(0o700);
    expect(await uninstall()).toBe('restore');
    expect(await readFile(hook)).toEqual(bytes);
    expect(await mode(hook)).toBe(0o700);
    expect(await names()).toEqual(['pre-push']);
  });

  test('stays chained when the gate is installed anew', async () => {
    const { before, install, putForeign, text } = await site();
    await putForeign();
    await install({ chain: true });
    expect(await install()).toBe('unchanged');
    expect(await install({ config: '/c' })).toBe('update');
    expect(await text()).toContain('.before-sluice');
    expect(await readFile(before, 'utf8')).toBe(foreign);
  });

  test('without permission to run stays without', async () => {
    const { before, install, putForeign, mode } = await site();
    await putForeign(foreign, 0o644);
    await install({ chain: true });
    expect(await mode(before)).toBe(0o644);
  });

  test('as a link stays a link', async () => {
    const { hooksDir, hook, before, install, uninstall } = await site();
    await mkdir(hooksDir, { recursive: true });
    await symlink('../scripts/push', hook);
    await expect(install()).rejects.toMatchObject({ code: 'usage' });
    await install({ chain: true });
    expect(await readlink(before)).toBe('../scripts/push');
    await uninstall();
    expect(await readlink(hook)).toBe('../scripts/push');
  });

  test('that took the place of ours does not push out the one that was chained', async () => {
    const { before, install, putForeign, text } = await site();
    await putForeign();
    await install({ chain: true });
    await putForeign('#!/bin/sh\necho new\n');
    await expect(install({ chain: true })).rejects.toMatchObject({ code: 'usage' });
    expect(await text()).toContain('echo new');
    expect(await readFile(before, 'utf8')).toBe(foreign);
  });
});

test('one that was chained and is gone does not come back, and ours goes on without it', async () => {
  const { before, install, uninstall, putForeign, text, names } = await site();
  await putForeign();
  await install({ chain: true });
  await rm(before);
  expect(await install()).toBe('update');
  expect(await text()).not.toContain('.before-sluice');
  expect(await uninstall()).toBe('remove');
  expect(await names()).toEqual([]);
});

test('the old hook is replaced, not written into: a second name of it keeps its content', async () => {
  const { hook, hooksDir, install, text } = await site();
  await install();
  const old = await text();
  await link(hook, join(hooksDir, 'second'));
  await install({ config: '/c' });
  expect(await readFile(join(hooksDir, 'second'), 'utf8')).toBe(old);
});

test('two at once leave one whole hook and nothing else', async () => {
  const { install, text, names } = await site();
  await Promise.all([install(), install(), install()]);
  expect(await text()).toBe(hookScript({ ...settings, chained: false }));
  expect(await names()).toEqual(['pre-push']);
});

test('a place that cannot be written is said', async () => {
  const { hooksDir, install } = await site();
  await writeFile(hooksDir, 'a file');
  await expect(install()).rejects.toMatchObject({ code: 'config', message: expect.stringContaining(hooksDir) });
});
