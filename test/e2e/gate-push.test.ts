import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { startGitHttpServer } from '../support/git-http-server.ts';
import { git, isolatedGitEnv, runGit } from '../support/git-repo.ts';
import { startSshServer } from '../support/ssh-server.ts';
import { type GateSite, openGateSite } from './gate-site.ts';

const main = 'refs/heads/main';

interface Server {
  readonly url: string;
  readonly env: Readonly<Record<string, string>>;
  push(...refspecs: readonly string[]): ReturnType<GateSite['git']>;
}

type Serve = (site: GateSite) => Promise<Server | undefined>;

const overHttp: Serve = async (site) => {
  const server = await startGitHttpServer(site.root);
  onTestFinished(() => server.close());
  return pushing(site, server.url(site.upstream), {});
};

const overSsh: Serve = async (site) => {
  const server = await startSshServer(site.root);
  if (server === undefined) return undefined;
  onTestFinished(() => server.close());
  return pushing(site, server.url(site.upstream), server.env);
};

function pushing(site: GateSite, url: string, env: Readonly<Record<string, string>>): Server {
  return { url, env, push: (...words) => site.git(['push', url, ...words], env) };
}

/** `remote: [sluice] …`, as the user's git shows it. */
function remoteLines(stderr: string): readonly string[] {
  return stderr.split('\n').flatMap((line) => /^remote: \[sluice\] ?(.*?)\s*$/.exec(line)?.[1] ?? []);
}

async function guarded(dir?: string): Promise<GateSite> {
  const site = await openGateSite(dir);
  const installed = await site.sluice(['gate', 'install', '-c', site.config, site.upstream]);
  expect(installed).toMatchObject({ status: 0, stderr: '' });
  return site;
}

describe.each<[string, Serve]>([
  ['http', overHttp],
  ['ssh', overSsh],
])('a pre-receive hook behind %s', (_, serve) => {
  test('refuses with what is missing and where, and lets the same push pass once it is there', async ({ skip }) => {
    const site = await guarded();
    const server = (await serve(site)) ?? skip('there is no sshd here');
    const change = await site.propose('fix');
    const refused = await server.push(`fix:${main}`);
    expect(refused).toMatchObject({ status: 1, stderr: expect.stringContaining('pre-receive hook declined') });
    const lines = remoteLines(refused.stderr);
    expect(lines[0]).toMatch(/^main may not go upstream yet:$/);
    expect(lines.join('\n')).toContain(`${site.fake.webUrl}/security/app/pull/${change.number}`);
    expect(lines.join('\n')).toMatch(/approv/);
    expect(lines.join('\n')).toMatch(/\bci\b/);
    expect(await site.landed()).toEqual({});

    site.approve(change);
    const passed = await server.push(`fix:${main}`);
    expect({ status: passed.status, said: remoteLines(passed.stderr) }).toEqual({ status: 0, said: [] });
    expect(await site.landed()).toEqual({ [main]: change.head.sha });
  });

  test('a forge that is down is a no, and says which request failed', async ({ skip }) => {
    const site = await guarded();
    const server = (await serve(site)) ?? skip('there is no sshd here');
    site.approve(await site.propose('fix'));
    site.fake.fail({ fault: { kind: 'answer', status: 401, body: { message: 'Bad credentials' } } });
    const refused = await server.push(`fix:${main}`);
    expect(refused.status).toBe(1);
    expect(remoteLines(refused.stderr).join('\n')).toMatch(/could not be judged:\n(?:.*\n)*.*401/);
    expect(refused.stderr).not.toContain(site.fake.token);
    expect(await site.landed()).toEqual({});
  });
});

describe('one push of several refs', () => {
  test('all must pass; one that does not keeps all of them out', async () => {
    const site = await guarded();
    const server = await overHttp(site);
    const good = await site.propose('good');
    const bad = await site.propose('bad');
    site.approve(good);
    const refused = await server?.push('good:refs/heads/one', 'bad:refs/heads/two');
    expect(refused?.status).toBe(1);
    const lines = remoteLines(refused?.stderr ?? '');
    expect(lines[0]).toBe('two may not go upstream yet:');
    expect(lines.at(-1)).toBe('nothing of this push goes upstream: all refs must pass');
    expect(await site.landed()).toEqual({});
    site.approve(bad);
    expect((await server?.push('good:refs/heads/one', 'bad:refs/heads/two'))?.status).toBe(0);
    expect(await site.landed()).toEqual({ 'refs/heads/one': good.head.sha, 'refs/heads/two': bad.head.sha });
  });

  test('deletions, tags and other refs go by the policy, also beside an approved branch', async () => {
    const site = await guarded();
    const server = await overHttp(site);
    const change = await site.propose('fix');
    site.approve(change);
    await git(['-C', site.clone, 'tag', 'v1', 'fix']);
    expect((await server?.push(`fix:${main}`, 'v1'))?.status).toBe(1);
    expect((await server?.push(`fix:${main}`, 'fix:refs/notes/x'))?.status).toBe(1);
    expect((await server?.push(`fix:${main}`))?.status).toBe(0);
    const deletion = await server?.push(`:${main}`);
    expect(remoteLines(deletion?.stderr ?? '')[0]).toBe('main may not go upstream:');
    await site.configure({ requiredChecks: ['ci@actions'], tags: 'allow', deletions: 'allow' });
    expect((await server?.push('v1'))?.status).toBe(0);
    await git(['--git-dir', site.upstream, 'config', 'receive.denyDeleteCurrent', 'ignore']);
    expect((await server?.push(`:${main}`))?.status).toBe(0);
    expect(await site.landed()).toEqual({ 'refs/tags/v1': change.head.sha });
  });
});

test('a forced push is judged like any other: by the commit that it brings', async () => {
  const site = await guarded();
  const server = await overHttp(site);
  const change = await site.propose('fix');
  site.approve(change);
  expect((await server?.push(`fix:${main}`))?.status).toBe(0);
  const rewritten = await site.fake.state.pushChange('security/app', change.number, { onto: change.base.sha });
  const { gitDir } = site.fake.state.repositories.get('security/app') ?? { gitDir: '' };
  await git(['-C', site.clone, 'fetch', '-q', gitDir, '+refs/heads/fix:refs/heads/fix']);
  expect((await server?.push('--force', `fix:${main}`))?.status).toBe(1);
  site.approve({ ...change, head: rewritten.head });
  expect((await server?.push('--force', `fix:${main}`))?.status).toBe(0);
  expect(await site.landed()).toEqual({ [main]: rewritten.head.sha });
});

test('what is missing streams while the gate waits, and the push passes when it is there', async () => {
  const site = await guarded();
  await site.configure({ requiredChecks: ['ci@actions'], wait: '60s' });
  const change = await site.propose('fix');
  const child = spawn('git', ['push', site.upstream, `fix:${main}`], {
    cwd: site.clone,
    env: isolatedGitEnv(site.env),
  });
  const closed = once(child, 'close');
  let said = '';
  for await (const chunk of child.stderr) {
    const waited = said.includes('waiting: ');
    said += chunk;
    // Not before the person has been told.
    if (!waited && said.includes('waiting: ')) site.approve(change);
  }
  expect({ closed: await closed, said }).toEqual({ closed: [0, null], said: expect.stringContaining('waiting: ') });
  expect(remoteLines(said)[0]).toContain(`${site.fake.webUrl}/security/app/pull/${change.number}`);
  expect(await site.landed()).toEqual({ [main]: change.head.sha });
});

test('names that a shell would take apart: of directories, of branches', async () => {
  const site = await guarded(`it's "a" $(id) \`id\` \n & ä`);
  const branch = `a'b"c$(id);d&e|f\`g#h`;
  const change = await site.propose('fix');
  site.approve(change);
  const pushed = await runGit(['push', site.upstream, `fix:refs/heads/${branch}`], { cwd: site.clone });
  expect(pushed).toMatchObject({ status: 0 });
  expect(await site.landed()).toEqual({ [`refs/heads/${branch}`]: change.head.sha });
});

describe('an override', () => {
  const push = (site: GateSite, ...words: readonly string[]) =>
    site.git(['push', ...words, site.upstream, `fix:${main}`]);

  async function withAudit(): Promise<GateSite & { readonly audit: string }> {
    const site = await guarded();
    await git(['--git-dir', site.upstream, 'config', 'receive.advertisePushOptions', 'true']);
    const audit = join(site.root, 'audit/overrides.jsonl');
    await site.configure({ override: { audit } });
    return { ...site, audit };
  }

  test('passes where the configuration allows it, is recorded before, and can be read and checked', async () => {
    const site = await withAudit();
    const change = await site.propose('fix');
    expect((await push(site)).status).toBe(1);
    const passed = await push(site, '-o', 'sluice.override=the site is down, INC-7');
    expect(passed.status).toBe(0);
    expect(remoteLines(passed.stderr).at(-1)).toMatch(/^overridden by .*: the site is down, INC-7 /);
    expect(await site.landed()).toEqual({ [main]: change.head.sha });
    const audit = await site.sluice(['gate', 'audit', '-c', site.config]);
    expect(audit).toMatchObject({ status: 0, stderr: '' });
    expect(audit.stdout).toMatch(new RegExp(`^1 .*main ${change.head.sha.slice(0, 10)} .*the site is down, INC-7\n$`));
  });

  test('is refused without a reason, without the permission, and without a record', async () => {
    const site = await withAudit();
    await site.propose('fix');
    expect((await push(site, '-o', 'sluice.override=')).status).toBe(1);
    await push(site, '-o', 'sluice.override=nothing');
    expect((await readFile(site.audit, 'utf8')).split('\n')).toHaveLength(2);
    await git(['--git-dir', site.upstream, 'update-ref', '-d', main]);

    await site.configure({});
    const forbidden = await push(site, '-o', 'sluice.override=please');
    expect(forbidden).toMatchObject({ status: 1, stderr: expect.stringContaining('allows no override') });
    await site.configure({ override: { audit: join(site.config, 'audit.jsonl') } });
    const unrecorded = await push(site, '-o', 'sluice.override=please');
    expect(remoteLines(unrecorded.stderr).at(-1)).toMatch(/^there is no override without a record/);
    expect(await site.landed()).toEqual({});
  });

  test('a record that was changed is found', async () => {
    const site = await withAudit();
    await site.propose('fix');
    await push(site, '-o', 'sluice.override=reason');
    await writeFile(site.audit, (await readFile(site.audit, 'utf8')).replace('"reason"', '"xxxxxx"'));
    const audit = await site.sluice(['gate', 'audit', site.audit, '--json']);
    expect(audit.status).toBe(1);
    expect(JSON.parse(audit.stdout)).toMatchObject({ intact: false, problems: [expect.stringContaining('line 1')] });
  });
});

test("git's variables for the hook's repository reach neither the gate nor the command that gives its token", async () => {
  const site = await guarded();
  const change = await site.propose('fix');
  site.approve(change);
  await git(['-C', site.clone, 'config', 'test.token', site.fake.token]);
  const written = JSON.parse(await readFile(site.config, 'utf8'));
  // With GIT_DIR, this would be the configuration of the repository that is pushed to.
  written.forges.int.token = { command: ['git', '-C', site.clone, 'config', 'test.token'] };
  await writeFile(site.config, JSON.stringify(written));
  expect(await site.git(['push', '-q', site.upstream, `fix:${main}`])).toMatchObject({ status: 0, stderr: '' });
});

test('nothing is left in the repository of a refused push', async () => {
  const site = await guarded();
  await site.propose('fix');
  await runGit(['push', site.upstream, `fix:${main}`], { cwd: site.clone });
  const objects = await readdir(join(site.upstream, 'objects'));
  expect(objects.toSorted()).toEqual(['info', 'pack']);
});
