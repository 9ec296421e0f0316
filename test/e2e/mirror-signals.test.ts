import { chmod, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { expectDone, main, openSite, type Site, throughGit } from './mirror-scene.ts';

/** Command lines of all processes that carry this site's environment: sluice and whatever it started. */
async function alive(site: Site): Promise<readonly string[]> {
  const found: string[] = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const environ = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    // A zombie has neither.
    if (environ.includes(`TMPDIR=${site.env.TMPDIR}\0`) && command !== '') found.push(command.replaceAll('\0', ' '));
  }
  return found;
}

/** A server that takes the first POST to `service` and never answers it; resolves when that has come. */
function hangAt(site: Site, service: string): Promise<void> {
  return new Promise((resolve) => {
    site.server.options.fault = (request) => {
      if (request.method !== 'POST' || request.service !== service) return undefined;
      // The listing is a POST too; what hangs is what comes after it.
      if (service === 'git-upload-pack' && !request.path.includes('from.git')) return undefined;
      resolve();
      return 'hang';
    };
  });
}

/** An `ssh` that never answers, whose grandchildren ignore polite requests. */
async function stubbornSsh(site: Site): Promise<{ readonly env: Record<string, string>; readonly marker: string }> {
  const script = join(site.root, 'ssh.sh');
  const marker = join(site.root, 'ssh-started');
  await writeFile(
    script,
    `#!/bin/sh\ntrap '' TERM INT\n(trap '' TERM INT; sleep 60) &\n: > "${marker}"\nsleep 60\nsleep 60\n`,
  );
  await chmod(script, 0o755);
  return { env: { GIT_SSH_COMMAND: script, GIT_SSH_VARIANT: 'simple' }, marker };
}

const started = (path: string) => vi.waitFor(() => readFile(path), { timeout: 15_000, interval: 20 });
const noneAlive = (site: Site) =>
  vi.waitFor(async () => expect(await alive(site)).toEqual([]), { timeout: 5000, interval: 50 });

describe.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s', (signal, status) => {
  test.each([
    ['in process, while it reads', 'git-upload-pack', {}, []],
    ['in process, while it pushes', 'git-receive-pack', {}, []],
    ['in git, while it fetches', 'git-upload-pack', throughGit, ['--cache', 'never']],
    ['in git, while it pushes', 'git-receive-pack', throughGit, ['--cache', 'always']],
  ] as const)(
    '%s: ends with its status, without children, temporary files or locks',
    async (_what, service, env, more) => {
      const site = await openSite();
      const arrived = hangAt(site, service);
      const args = [site.server.url(site.from), site.server.url(site.to), ...more];
      const { child, ended } = site.start(args, { env });
      await arrived;
      child.kill(signal);
      expect(await ended).toMatchObject({
        status,
        signal: null,
        stdout: '',
        stderr: expect.stringContaining(`interrupted by ${signal}`),
      });
      await noneAlive(site);
      expect(await site.leftovers()).toEqual([]);
      expect(await site.refsOf(site.to)).toEqual({});
      site.server.options.fault = undefined;
      await expectDone(site, await site.mirror(args, { env }), { [main]: 'created' });
    },
  );
});

test('a hung ssh is ended with everything it started', async () => {
  const site = await openSite();
  const { env, marker } = await stubbornSsh(site);
  const { child, ended } = site.start(['ssh://git.invalid/a.git', site.to], { env });
  await started(marker);
  expect((await alive(site)).length).toBeGreaterThan(3);
  child.kill('SIGINT');
  expect(await ended).toMatchObject({ status: 130 });
  await noneAlive(site);
});

test('a second signal does not wait for the polite end, and still leaves nobody behind', async () => {
  const site = await openSite();
  const { env, marker } = await stubbornSsh(site);
  const { child, ended } = site.start(['ssh://git.invalid/a.git', site.to], { env });
  await started(marker);
  child.kill('SIGTERM');
  child.kill('SIGINT');
  const { status } = await ended;
  expect([130, 143]).toContain(status);
  await noneAlive(site);
});

test('--timeout ends a hung remote with its process group, and says what it was', async () => {
  const site = await openSite();
  const { env, marker } = await stubbornSsh(site);
  const overSsh = await site.mirror(['ssh://git.invalid/a.git', site.to, '--timeout', '2s'], { env });
  await started(marker);
  expect([overSsh.status, overSsh.error.code]).toEqual([69, 'timed-out']);
  await noneAlive(site);
  for (const more of [{}, throughGit]) {
    const arrived = hangAt(site, 'git-receive-pack');
    const { status, error } = await site.mirror([site.from, site.server.url(site.to), '--timeout', '2s'], {
      env: more,
    });
    await arrived;
    expect([status, error.code]).toEqual([69, 'timed-out']);
    await noneAlive(site);
    expect(await site.leftovers()).toEqual([]);
  }
});

test('--timeout also ends the pause before another attempt', async () => {
  const site = await openSite({ http: { fault: () => ({ status: 503, headers: { 'retry-after': '20' } }) } });
  const begun = performance.now();
  const { status, error } = await site.mirror([site.server.url(site.from), site.to, '--timeout', '2s']);
  expect([status, error.code]).toEqual([69, 'timed-out']);
  expect(performance.now() - begun).toBeLessThan(15_000);
});
