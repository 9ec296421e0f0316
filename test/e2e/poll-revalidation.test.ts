import { expect, test, vi } from 'vitest';
import { forgeTypes, openForgeScene } from './poll-forge-scene.ts';
import { startWatcher } from './poll-watch.ts';

test.each(forgeTypes)(
  'a watcher lets %s confirm a list of change requests that it has, and sees a new one',
  async (type) => {
    const site = await openForgeScene(type, { pageSize: 100 });
    const { state } = site.fake;
    site.fake.tag({ kind: 'weak', pages: type === 'gitlab' });
    await state.addChange({ repo: 'acme/app', branch: 'own' });
    const flags = [...site.flags, 'it:acme/app', '--prs', '--initial', 'run', '--branch', 'none', '--', 'true'];
    const watcher = startWatcher(site.scene, flags, site.options);
    expect(await watcher.next('run-finished')).toMatchObject({ run: { state: 'success', change: 1 } });
    const answers = () =>
      site.fake.requests
        .filter(({ url }) => /\/(?:pulls|merge_requests)\?/.test(url.href))
        .map(({ answer }) => answer?.status);
    await vi.waitFor(() => expect(answers()).toContain(304), 30_000);
    expect(answers().indexOf(200)).toBe(0);
    await state.addChange({ repo: 'acme/app', branch: 'second' });
    expect(await watcher.next('run-finished')).toMatchObject({ run: { state: 'success', change: 2 } });
    expect(answers().filter((status) => status === 200)).toHaveLength(2);
    await watcher.stop();
  },
);
