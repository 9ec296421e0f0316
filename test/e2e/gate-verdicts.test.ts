import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Fault } from '../support/fake-forge/faults.ts';
import { commit, makeBareRepo } from '../support/git-repo.ts';
import { git } from '../support/run-git.ts';
import { sluice } from '../support/sluice.ts';
import { gateScene, repo, reviewsOf } from './gate-scene.ts';

describe.each(['github', 'gitea'] as const)('%s', (type) => {
  test('approved: the tree says why, and facts from --json judge the same', async () => {
    const scene = await gateScene(type);
    const { fake, change, dir } = scene;
    reviewsOf(scene).review('bob', 'approved');
    fake.state.checks.add(repo, change.head.sha, { name: 'build', state: 'success' });
    const ran = await scene.gate('--required-check', 'build@*');
    expect(ran).toMatchObject({ status: 0, stderr: '', verdict: { status: 'approved' } });
    expect(ran.stdout).not.toContain(fake.token);

    const explained = await scene.say('--required-check', 'build', '--explain');
    expect(explained.status).toBe(0);
    // Once for everything that is on the same page.
    expect(explained.stdout.split(`/${repo}/pull`).length).toBe(2);
    for (const words of [
      'is the head of int:acme/app #1',
      'bob approved',
      'check build is green',
      '1 of 1 approvals',
    ]) {
      expect(explained.stdout).toContain(words);
    }

    const file = join(dir, 'facts.json');
    await writeFile(file, ran.stdout);
    const simulate = (...args: readonly string[]) =>
      sluice(['gate', 'simulate', file, ...args], { cwd: dir, env: { HOME: dir } });
    expect(await simulate()).toMatchObject({ status: 0 });
    expect(await simulate('--min-approvals', '2')).toMatchObject({
      status: 1,
      stdout: expect.stringContaining('1 more approval'),
    });
    expect(await simulate('--required-check', 'lint')).toMatchObject({
      status: 1,
      stdout: expect.stringContaining('lint'),
    });
    expect(await simulate('--require-team', 'acme/sec')).toMatchObject({
      status: 2,
      stdout: expect.stringContaining('was not asked for'),
    });
  });

  test('pending: what is missing, with the page where to get it', async () => {
    const scene = await gateScene(type);
    const ran = await scene.say('--required-check', 'build');
    expect(ran.status).toBe(1);
    expect(ran.stdout).toMatch(/^pending: fix \(/);
    expect(ran.stdout).toContain('0 of 1 approvals: 1 more approval is needed');
    expect(ran.stdout).toContain('check build has not been reported');
    expect(ran.stdout).toContain(`${scene.fake.webUrl}/acme/app/pull`);
  });

  test('rejected: changes requested, another head, a closed one, none', async () => {
    const scene = await gateScene(type);
    const { fake, change } = scene;
    const conversation = reviewsOf(scene);
    conversation.review('bob', 'approved');
    conversation.review('cy', 'changes-requested');
    expect(await scene.gate()).toMatchObject({
      status: 1,
      verdict: { status: 'rejected', sentence: expect.stringContaining('cy requested changes') },
    });
    conversation.dismiss('cy');
    expect(await scene.gate()).toMatchObject({ status: 0 });

    const earlier = change.head.sha;
    await fake.state.pushChange(repo, change.number);
    const moved = await scene.gate('--sha', earlier);
    expect(moved).toMatchObject({
      status: 1,
      verdict: { status: 'rejected', sentence: expect.stringContaining('the head of int:acme/app #1') },
    });
    fake.state.setChangeState(repo, change.number, 'closed');
    expect(await scene.gate('--sha', fake.state.changesOf(repo)[0]?.head.sha ?? '')).toMatchObject({
      status: 1,
      verdict: { status: 'rejected', sentence: expect.stringContaining('closed') },
    });
    expect(await scene.gate('--sha', 'f'.repeat(40))).toMatchObject({
      status: 1,
      verdict: { status: 'rejected', sentence: expect.stringContaining('has no pull request') },
    });
  });

  test('who wrote the commit has no say, even in the request of somebody else', async () => {
    const scene = await gateScene(type);
    const { change, fake } = scene;
    const { sha } = (await fake.state.pushChange(repo, change.number, { commitAuthor: 'bob', committer: 'cy' })).head;
    for (const login of ['bob', 'cy']) reviewsOf(scene).review(login, 'approved');
    const ran = await scene.say('--sha', sha, '--explain');
    expect(ran.status).toBe(1);
    expect(ran.stdout).toContain('bob does not count: wrote the commit itself');
    expect(ran.stdout).toContain('cy does not count: wrote the commit itself');
    expect(await scene.gate('--sha', sha, '--allow-self-approval', '--min-approvals', '2')).toMatchObject({
      status: 0,
    });
  });

  test('an approval of an earlier commit or of the author is none', async () => {
    const scene = await gateScene(type);
    const { fake, change } = scene;
    const conversation = reviewsOf(scene);
    conversation.review('bob', 'approved');
    const moved = await fake.state.pushChange(repo, change.number, { by: 'cy' });
    const { sha } = moved.head;
    expect(await scene.gate('--sha', sha)).toMatchObject({ status: 1, verdict: { status: 'pending' } });
    expect(await scene.gate('--sha', sha, '--allow-stale-approvals')).toMatchObject({ status: 0 });
    conversation.review('ann', 'approved');
    expect(await scene.gate('--sha', sha)).toMatchObject({ status: 1, verdict: { status: 'pending' } });
    expect(await scene.gate('--sha', sha, '--allow-self-approval')).toMatchObject({ status: 0 });
    conversation.review('bob', 'approved');
    expect(await scene.gate('--sha', sha)).toMatchObject({ status: 0 });
  });

  const faults: readonly (readonly [string, Fault])[] = [
    ['500', { kind: 'answer', status: 500 }],
    ['401', { kind: 'answer', status: 401, body: { message: 'Bad credentials' } }],
    ['404', { kind: 'answer', status: 404, body: { message: 'Not Found' } }],
    ['a web page', { kind: 'html' }],
    ['nothing at all', { kind: 'hang' }],
  ];
  test.each(faults)('undetermined: %s', async (_, fault) => {
    const scene = await gateScene(type);
    reviewsOf(scene).review('bob', 'approved');
    scene.fake.fail({ fault });
    const ran = await scene.gate('--timeout', '2s');
    expect(ran.status).toBe(2);
    expect(ran.verdict.status).toBe('undetermined');
    expect(ran.verdict.sentence).toMatch(/[.)]$/);
    const said = await scene.say('--timeout', '1s', '--if-no-pr', 'allow');
    expect(said).toMatchObject({ status: 2, stdout: expect.stringMatching(/^undetermined: fix/) });
  });
});

test('an approval of somebody who may only read is none', async () => {
  const scene = await gateScene();
  scene.fake.state.addAccount('eve');
  reviewsOf(scene).review('eve', 'approved');
  const ran = await scene.say('--explain');
  expect(ran).toMatchObject({ status: 1, stdout: expect.stringContaining('eve does not count: may not push') });
});

test('--wait asks until it is approved, and says meanwhile what is missing', async () => {
  const scene = await gateScene();
  const { child, ended } = scene.start('--wait', '60s');
  await new Promise<void>((resolve) => {
    let seen = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      seen += chunk;
      if (seen.includes('1 more approval is needed')) resolve();
    });
  });
  reviewsOf(scene).review('bob', 'approved');
  expect(await ended).toMatchObject({ status: 0, stdout: expect.stringContaining('approved') });
});

test('SIGINT ends the waiting', async () => {
  const scene = await gateScene();
  const { child, ended } = scene.start('--wait', '10m');
  await new Promise<void>((resolve) => child.stderr?.once('data', () => resolve()));
  child.kill('SIGINT');
  expect(await ended).toMatchObject({ status: 130 });
});

test('--set-status shows the verdict on the commit, and what cannot be shown changes nothing', async () => {
  const scene = await gateScene();
  const { fake, change } = scene;
  const shown = () => fake.state.statuses.of(repo, change.head.sha);
  expect((await scene.gate('--set-status', '--dry-run')).status).toBe(1);
  expect(shown()).toEqual([]);
  expect((await scene.gate('--set-status')).status).toBe(1);
  expect(shown()).toMatchObject([{ state: 'pending', description: expect.stringContaining('1 more approval') }]);
  reviewsOf(scene).review('bob', 'approved');
  fake.fail({ method: 'POST', path: /statuses/, fault: { kind: 'answer', status: 403 } });
  expect(await scene.gate('--set-status')).toMatchObject({
    status: 0,
    stderr: expect.stringContaining('--set-status'),
  });
});

test('the current branch and HEAD of a clone are what is pushed', async () => {
  const scene = await gateScene();
  const clone = await makeBareRepo(join(scene.dir, 'clone.git'));
  await commit(clone, { message: 'x', ref: 'refs/heads/topic' });
  await git(['--git-dir', clone, 'symbolic-ref', 'HEAD', 'refs/heads/topic']);
  const run = (...args: readonly string[]) =>
    sluice(['gate', '-c', scene.config, ...args], { cwd: clone, env: scene.env });
  expect(await run()).toMatchObject({ status: 1, stdout: expect.stringMatching(/^rejected: topic \(/) });
  // git would shorten the branch to `heads/topic` now.
  await git(['--git-dir', clone, 'tag', 'topic', 'refs/heads/topic']);
  expect(await run()).toMatchObject({ status: 1, stdout: expect.stringMatching(/^rejected: topic \(/) });
  expect(await run('--branch', '../x')).toMatchObject({ status: 64 });
  expect(await run('--sha', 'nothing')).toMatchObject({ status: 64 });
  expect(await sluice(['gate', '-c', scene.config], { cwd: scene.dir, env: scene.env })).toMatchObject({ status: 64 });
});

test('several forks: all of them, or any', async () => {
  const scene = await gateScene('github', { repos: ['int:acme/app', 'int:acme/other'] });
  await scene.fake.state.addRepository('acme/other');
  reviewsOf(scene).review('bob', 'approved');
  expect(await scene.gate()).toMatchObject({
    status: 1,
    verdict: { sentence: expect.stringContaining('int:acme/other') },
  });
  expect(await scene.gate('--forks', 'any')).toMatchObject({ status: 0 });
});

test('--map and labels find a change request of another branch name', async () => {
  const scene = await gateScene();
  const found = await scene.addChange({ branch: 'outbound/main' });
  const conversation = scene.fake.state.about(repo, found.number);
  conversation.review('bob', 'approved');
  const at = ['--sha', found.head.sha] as const;
  expect(await scene.gate(...at, '--lookup', 'branch')).toMatchObject({ status: 1 });
  expect(await scene.gate(...at, '--lookup', 'sha')).toMatchObject({ status: 0 });
  expect(await scene.gate(...at, '--lookup', 'branch', '--map', 'f*=outbound/main')).toMatchObject({ status: 0 });
  expect(await scene.gate(...at, '--lookup', 'label:to-{branch}')).toMatchObject({ status: 1 });
  conversation.label('bob', 'to-fix');
  expect(await scene.gate(...at, '--lookup', 'label:to-{branch}')).toMatchObject({ status: 0 });
});

test('exit statuses: wrong usage 64, a wrong configuration 78, a missing credential 2', async () => {
  const scene = await gateScene();
  expect(await scene.say('--min-approvals', '0')).toMatchObject({ status: 64 });
  const odd = await scene.say('--min-approvals', 'two');
  expect(odd).toMatchObject({
    status: 64,
    stderr: expect.stringContaining('--min-approvals: "two" is not a whole number'),
  });
  expect(await scene.say('--pre-push', '--pre-receive')).toMatchObject({ status: 64 });
  expect(await scene.say('stray')).toMatchObject({ status: 64 });
  expect(await scene.say('--repo', 'nowhere:a/b')).toMatchObject({ status: 64 });
  expect(await scene.say('--repo', '/tmp/x')).toMatchObject({ status: 64 });
  const { INT_TOKEN: _, ...env } = scene.env;
  const without = await sluice(['gate', '-c', scene.config, '--branch', 'fix', '--sha', scene.change.head.sha], {
    cwd: scene.dir,
    env,
  });
  expect(without).toMatchObject({ status: 2, stdout: expect.stringContaining('INT_TOKEN') });
  for (const flag of ['--required-check', '--required-app', '--require-team', '--allow-bot', '--sha', '--override']) {
    expect(await scene.say(`${flag}=`)).toMatchObject({ status: 64, stderr: expect.stringContaining(flag) });
  }
  expect(await scene.say('simulat')).toMatchObject({ status: 64, stderr: expect.stringContaining('"simulate"') });
  const nowhere = await gateScene('github', { repos: ['/tmp/x'] });
  expect(await nowhere.say()).toMatchObject({ status: 78 });
  const named = await gateScene('github', { rules: { nobody: {} } });
  expect(await named.say()).toMatchObject({ status: 78, stderr: expect.stringContaining('gate.rules.nobody') });
  const empty = await gateScene('github', { minApprovals: 0 });
  expect(await empty.say()).toMatchObject({ status: 78 });
});

test('simulate reads stdin also where it is a socket', async () => {
  const scene = await gateScene();
  const { stdout } = await scene.gate();
  const binary = join(import.meta.dirname, '../../bin/sluice.js');
  const simulate = async (input: string) => {
    const child = spawn(process.execPath, [binary, 'gate', 'simulate', '-', '--if-no-pr', 'allow'], {
      cwd: scene.dir,
      env: { HOME: scene.dir },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    child.stdin.end(input);
    const [said, [status]] = await Promise.all([text(child.stdout), once(child, 'close'), text(child.stderr)]);
    return { said, status };
  };
  expect(await simulate(stdout)).toMatchObject({ status: 1, said: expect.stringContaining('1 more approval') });
  expect(await simulate('no JSON')).toMatchObject({ status: 64, said: '' });
});

test('a forge that sends a little for ever is undetermined when the time is over', async () => {
  const scene = await gateScene();
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.write('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 1000000\r\n\r\n[');
    const drip = setInterval(() => socket.write(' '), 50);
    socket.on('close', () => clearInterval(drip));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const int = { type: 'gitea', url, token: { env: 'INT_TOKEN' } };
  await writeFile(scene.config, JSON.stringify({ forges: { int }, gate: { repos: [`int:${repo}`] } }));
  const ran = await scene.gate('--timeout', '1s');
  expect(ran).toMatchObject({ status: 2, verdict: { sentence: expect.stringContaining('--timeout') } });
});

test('a forge of a plugin that never takes the status does not change the verdict', async () => {
  const scene = await gateScene();
  const { sha } = scene.change.head;
  const plugin = `
    const change = {
      number: 1, title: '', state: 'open', draft: false, author: 'ann', url: 'http://odd.test/1', internal: true,
      head: { repo: 'a/b', branch: 'fix', sha: '${sha}' }, base: { repo: 'a/b', branch: 'main' },
    };
    const forge = {
      alias: 'odd', words: { change: 'patch', sigil: '!' },
      changeSearch: { search: async () => [change] },
      reviews: { list: async () => ({ reviews: [{ by: { login: 'bob' }, state: 'approved', commit: '${sha}' }] }) },
      commits: { people: async () => [] },
      statuses: { set: () => new Promise(() => {}) },
    };
    export default { name: 'odd', apiVersion: 1, forges: [{ type: 'odd', load: async () => ({ create: () => forge }) }] };
  `;
  await writeFile(join(scene.dir, 'odd.mjs'), plugin);
  const odd = { type: 'odd', url: 'http://odd.test' };
  const config = { plugins: ['./odd.mjs'], forges: { odd }, gate: { repos: ['odd:a/b'], cacheTtl: 0 } };
  await writeFile(scene.config, JSON.stringify(config));
  const ran = await scene.gate('--set-status', '--timeout', '1s');
  expect(ran).toMatchObject({ status: 0, stderr: expect.stringContaining('the verdict is not shown on odd:a/b') });
});
