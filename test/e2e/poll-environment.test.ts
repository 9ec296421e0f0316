import { randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type ForgeScene, openForgeScene } from './poll-forge-scene.ts';
import { main, openScene } from './poll-scene.ts';

/** The variables that `env -0` of the script printed into its log. */
async function variables(log: string | undefined): Promise<ReadonlyMap<string, string>> {
  const entries = (await readFile(log ?? '', 'utf8')).split('\0').filter((entry) => entry !== '');
  return new Map(entries.map((entry) => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)]));
}

const printAll = ['--', 'env', '-0'];

test('a script sees a short list of variables, those that are named, and what sluice tells it', async () => {
  const canary = `canary-${randomBytes(8).toString('hex')}`;
  const scene = await openScene();
  await scene.poll([scene.repo]);
  const oid = await scene.commit({ files: { version: 'second' } });
  const env = { CANARY: canary, AWS_SECRET_ACCESS_KEY: canary, NAMED: 'yes', TERM: 'dumb', SLUICE_DATABASE: canary };
  const ran = await scene.poll(['--env', 'NAMED', scene.repo, ...printAll], { env });
  expect(ran).toMatchObject({ status: 0, runs: [{ state: 'success' }] });
  const seen = await variables(ran.runs[0]?.log);
  expect([...seen.values()].join('\n')).not.toContain(canary);
  const usual = /^(?:PATH|LANG|LANGUAGE|LC_[A-Z]+|TZ|TERM|USER|LOGNAME|SHELL)$/;
  // PWD and what comes after it are the shell's own, through which it was started.
  const own = /^(?:PWD|OLDPWD|SHLVL|_)$/;
  expect([...seen.keys()].filter((name) => !usual.test(name) && !own.test(name)).sort()).toEqual([
    'CI',
    'GIT_CEILING_DIRECTORIES',
    'GIT_TERMINAL_PROMPT',
    'HOME',
    'NAMED',
    'SLUICE_BRANCH',
    'SLUICE_EVENT',
    'SLUICE_OLD_SHA',
    'SLUICE_REF',
    'SLUICE_REPO',
    'SLUICE_RUN',
    'SLUICE_SHA',
    'TMPDIR',
  ]);
  expect(Object.fromEntries(seen)).toMatchObject({
    CI: 'true',
    NAMED: 'yes',
    TERM: 'dumb',
    SLUICE_BRANCH: 'main',
    SLUICE_EVENT: 'push',
    SLUICE_OLD_SHA: scene.first,
    SLUICE_REF: main,
    SLUICE_REPO: scene.repo,
    SLUICE_RUN: '1',
    SLUICE_SHA: oid,
  });
});

/** Forms in which a token may lie somewhere: itself, and what Basic authentication makes of it. */
function forms(token: string): readonly string[] {
  // Any alignment of base64 holds one of these.
  return [token, ...[0, 1, 2].map((shift) => Buffer.from(token.slice(shift)).toString('base64').slice(4, 28))];
}

/** Files below the scene's directory that hold the token in any form. */
async function filesWith(token: string, { scene }: ForgeScene): Promise<readonly string[]> {
  const found: string[] = [];
  for (const entry of await readdir(scene.root, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const text = await readFile(join(entry.parentPath, entry.name), 'latin1');
    if (forms(token).some((form) => text.includes(form))) found.push(join(entry.parentPath, entry.name));
  }
  return found;
}

test('the credential of the forge is used for git and API, and a script finds it nowhere', async () => {
  const site = await openForgeScene('github');
  const { token } = site.fake;
  // Everything that a script sees of its run, and every command line of the machine that speaks of this test.
  const look = [
    'env; cat .git/config; git config --list --show-origin; git remote -v; find .git -type f -exec cat {} +',
    `cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\\n' | grep -aF "${site.scene.root}"`,
    'GIT_TERMINAL_PROMPT=0 git fetch -q origin && echo the fetch works',
    'exit 0',
  ].join('\n');
  const refused = await site.poll(['--env', 'IT_TOKEN', '--', 'true']);
  expect(refused.status).toBe(64);
  const flags = ['--result', 'status', '--result', 'notes', '--', 'sh', '-c', look];
  await site.poll(flags);
  await site.commit();
  const ran = await site.poll(flags);
  expect(ran).toMatchObject({ status: 0, runs: [{ state: 'success' }] });
  expect(site.told()).toHaveLength(2);
  const log = await readFile(ran.runs[0]?.log ?? '', 'latin1');
  expect(log).toContain('SLUICE_OWNER=acme');
  expect(log).toContain('SLUICE_NAME=app');
  expect(log).not.toContain('the fetch works');
  for (const text of [log, ran.stdout, ran.stderr])
    expect(forms(token).filter((form) => text.includes(form))).toEqual([]);
  expect(await filesWith(token, site)).toEqual([]);
});

test('what goes wrong with a credential is told without it', async () => {
  const site = await openForgeScene('github');
  const wrong = `ghp_wrong${randomBytes(12).toString('hex')}`;
  const ran = await site.poll(['--result', 'status', '--', 'true'], { env: { IT_TOKEN: wrong } });
  expect(ran).toMatchObject({ status: 77, events: [{ type: 'look-failed', fault: { code: 'denied' } }] });
  for (const text of [ran.stdout, ran.stderr]) expect(forms(wrong).filter((form) => text.includes(form))).toEqual([]);
  expect(await filesWith(wrong, site)).toEqual([]);
});
