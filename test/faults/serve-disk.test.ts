import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { paddedPush } from '../e2e/serve-padded.ts';
import { eventually, openServeSite, type ServeSite } from '../e2e/serve-site.ts';
import { testDir } from '../support/temp-dir.ts';

/** Why a small disk of its own cannot be had here; undefined: it can. */
function noDisk(): string | undefined {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'only root on Linux can mount a tmpfs';
  try {
    execFileSync('unshare', ['-m', 'true'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'mounting is not allowed here';
  }
}

const reason = noDisk();
const suffix = reason === undefined ? '' : ` (skipped: ${reason})`;

async function smallDisk(): Promise<string> {
  const disk = join(await testDir(), 'disk');
  mkdirSync(disk);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', disk]);
  onTestFinished(() => void execFileSync('umount', ['--lazy', disk]));
  return disk;
}

async function guidsOf(site: ServeSite): Promise<ReadonlySet<string>> {
  const { deliveries } = (await site.ask('deliveries', 'list', '--limit', '500')) as {
    deliveries: readonly { readonly guid: string }[];
  };
  return new Set(deliveries.map(({ guid }) => guid));
}

describe.skipIf(reason !== undefined)(`a full disk${suffix}`, () => {
  test('503 and readable pages; accepts again when there is room; what was acknowledged is kept and done', async () => {
    const disk = await smallDisk();
    const site = await openServeSite();
    const dataDir = join(disk, 'data');
    const run = [{ name: 'note', on: ['push'], command: ['true'] }];
    await site.configure({ dataDir, public: true }, { run, statuses: false });
    const server = await site.start();
    const acked: string[] = [];
    let refused: Response | undefined;
    for (let n = 0; n < 500 && refused === undefined; n += 1) {
      const guid = `full-${n}`;
      const push = paddedPush({ guid, ref: `refs/heads/b${n}`, after: 'a'.repeat(40), padding: 20_000 });
      const { headers, body } = push;
      const answer = await fetch(`${server.url}/hooks/github`, { method: 'POST', headers, body: new Uint8Array(body) });
      if (answer.status === 202) acked.push(guid);
      else refused = answer;
    }
    expect(refused?.status).toBe(503);
    expect(refused?.headers.get('retry-after')).toMatch(/^\d+$/);
    expect(await refused?.json()).toMatchObject({ hint: expect.stringMatching(/space/) });
    expect(acked.length).toBeGreaterThan(10);
    // Those who look at it are told apart: it lives, and takes nothing.
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
    expect((await fetch(`${server.url}/runs`)).status).toBe(200);
    await eventually(async () => {
      const large = paddedPush({ guid: 'more', ref: 'refs/heads/x', after: 'a'.repeat(40), padding: 200_000 });
      expect((await server.post('github', large)).status).toBe(503);
    });
    expect(server.child.exitCode).toBeNull();
    execFileSync('mount', ['-o', 'remount,size=64m', disk]);
    await eventually(async () => {
      const late = paddedPush({ guid: 'late', ref: 'refs/heads/late', after: 'a'.repeat(40) });
      expect((await server.post('github', late)).status).toBe(202);
    });
    acked.push('late');
    await eventually(async () => {
      const left = await site.ask('jobs', 'list', '--state', 'queued', '--state', 'running');
      expect(left.jobs).toEqual([]);
    });
    await server.kill();
    const kept = await guidsOf(site);
    expect(acked.filter((guid) => !kept.has(guid))).toEqual([]);
    expect(kept.has('more')).toBe(false);
    const next = await site.start();
    expect((await fetch(`${next.url}/readyz`)).status).toBe(200);
    const dead = await site.ask('jobs', 'list', '--dead');
    expect(dead.jobs).toEqual([]);
  });

  test('killed on a full disk, started on a read-only one: said, and nothing lost', async () => {
    const disk = await smallDisk();
    const site = await openServeSite();
    const run = [{ name: 'note', on: ['push'], command: ['true'] }];
    await site.configure({ dataDir: join(disk, 'data') }, { run, statuses: false });
    const server = await site.start();
    const push = (guid: string) =>
      server.post('github', paddedPush({ guid, ref: `refs/heads/${guid}`, after: 'a'.repeat(40) }));
    expect(await push('before')).toMatchObject({ status: 202 });
    const full = join(disk, 'ballast');
    execFileSync('sh', ['-c', 'cat /dev/zero > "$1" 2>/dev/null; true', 'sh', full]);
    await eventually(async () => {
      const large = paddedPush({ guid: 'large', ref: 'refs/heads/x', after: 'a'.repeat(40), padding: 500_000 });
      expect(await server.post('github', large)).toMatchObject({ status: 503 });
    });
    await server.kill();
    execFileSync('mount', ['-o', 'remount,ro', disk]);
    const refused = await site.run('serve');
    expect([refused.status, refused.stdout]).toEqual([expect.toBeOneOf([69, 78]), '']);
    expect(refused.stderr).toContain(disk);
    execFileSync('mount', ['-o', 'remount,rw', disk]);
    rmSync(full);
    const next = await site.start();
    const again = paddedPush({ guid: 'after', ref: 'refs/heads/after', after: 'a'.repeat(40) });
    expect(await next.post('github', again)).toMatchObject({ status: 202 });
    expect((await guidsOf(site)).has('before')).toBe(true);
  });

  test('a server does not start on it without saying why', async () => {
    const disk = await smallDisk();
    execFileSync('sh', ['-c', 'head -c 4000000 /dev/zero > "$1/ballast" 2>/dev/null; true', 'sh', disk]);
    const site = await openServeSite();
    await site.configure({ dataDir: join(disk, 'data') });
    const ran = await site.run('serve');
    expect(ran.status).toBe(69);
    expect(ran.stderr).toMatch(/full|space|ENOSPC/i);
  });
});
