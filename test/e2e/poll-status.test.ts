import { describe, expect, test } from 'vitest';
import { sluice } from '../support/sluice.ts';
import { type ForgeType, forgeTypes, openForgeScene } from './poll-forge-scene.ts';

const words: Record<ForgeType, { pending: string; success: string; failure: string; error: string; limit: number }> = {
  github: { pending: 'pending', success: 'success', failure: 'failure', error: 'error', limit: 140 },
  gitlab: { pending: 'pending', success: 'success', failure: 'failed', error: 'failed', limit: 255 },
};

const status = ['--result', 'status', '--'];

describe.each(forgeTypes)('--result status on %s', (type) => {
  const word = words[type];
  const context = 'sluice/poll';
  const pending = { state: word.pending, context, description: 'the pipeline is running' };

  test('pending while the script runs, then what it came to, with its last line', async () => {
    const { poll, commit, told } = await openForgeScene(type);
    expect(await poll(status)).toMatchObject({ status: 0, events: [{ type: 'baseline' }], stderr: '' });
    const good = await commit();
    const ran = await poll([...status, 'echo', '12 tests passed']);
    expect(ran).toMatchObject({ status: 0, runs: [{ state: 'success', results: ['status'] }], stderr: '' });
    expect(ran.events.flatMap((event) => (event.type === 'report-sent' ? [event.phase] : []))).toEqual([
      'pending',
      'final',
    ]);
    const bad = await commit();
    expect(await poll([...status, 'sh', '-c', 'echo 3 tests failed; exit 1'])).toMatchObject({ status: 1 });
    const silent = await commit();
    expect(await poll([...status, 'sh', '-c', 'exit 7'])).toMatchObject({ status: 1 });
    const lost = await commit({ files: { 'ci/pipeline': '#!/no/such/program' } });
    const absent = await poll(['--result', 'status']);
    expect(absent).toMatchObject({ status: 1, runs: [{ state: 'error' }] });
    expect(told()).toEqual([
      { sha: good, ...pending },
      { sha: good, state: word.success, context, description: '12 tests passed' },
      { sha: bad, ...pending },
      { sha: bad, state: word.failure, context, description: '3 tests failed' },
      { sha: silent, ...pending },
      { sha: silent, state: word.failure, context, description: 'failure (exit status 7)' },
      { sha: lost, state: word.error, context, description: 'the program "/no/such/program" was not found' },
    ]);
  });

  test('a long last line is cut to what the forge takes; control characters are not passed on', async () => {
    const { poll, commit, told } = await openForgeScene(type);
    await poll(status);
    await commit();
    await poll([...status, 'sh', '-c', "printf '\\033[31mred\\a %0900d' 7"]);
    const description = told().at(-1)?.description ?? '';
    expect(description).toMatch(/^red 0+…$/);
    expect([...description]).toHaveLength(word.limit);
  });

  test('a secret of sluice that the script prints is blanked, also where the line is cut', async () => {
    const { fake, scene, poll, commit, told } = await openForgeScene(type);
    await poll(status);
    for (const before of ['token ', 'x'.repeat(980)]) {
      await commit();
      const ran = await poll([...status, 'printf', '%s%s', before, fake.token]);
      expect(ran).toMatchObject({ status: 0, runs: [{ lastLine: expect.stringContaining('[secret]') }] });
      expect(ran.stdout).not.toContain(fake.token.slice(0, 12));
    }
    expect(JSON.stringify(told())).not.toContain(fake.token.slice(0, 12));
    expect(told()[1]?.description).toBe('token [secret]');
    expect(JSON.stringify(await scene.history())).not.toContain(fake.token.slice(0, 12));
  });

  test('a forge that asks to come back later is told by the next run of cron how it ended', async () => {
    const { fake, poll, commit, told } = await openForgeScene(type);
    await poll(status);
    const oid = await commit();
    fake.fail({ method: 'POST', fault: { kind: 'answer', status: 429, headers: { 'retry-after': '3600' } } });
    const ran = await poll([...status, 'echo', 'fine']);
    expect(ran).toMatchObject({ status: 75, runs: [{ state: 'success' }] });
    for (const event of ran.events.filter(({ type }) => type.startsWith('report-'))) {
      expect(event).toMatchObject({ type: 'report-failed', final: false, fault: { code: 'rate-limited' } });
    }
    expect(told()).toEqual([]);
    fake.heal();
    expect(await poll([...status, 'false'])).toMatchObject({ status: 0, changes: [], runs: [] });
    expect(told()).toMatchObject([{ sha: oid, state: word.success, description: 'fine' }]);
    expect(await poll(status)).toMatchObject({ status: 0, events: [] });
  });

  test('a status that is refused for good is noted in the run, and not sent again', async () => {
    const { fake, scene, poll, commit, told } = await openForgeScene(type);
    await poll(status);
    await commit();
    fake.fail({ method: 'POST', fault: { kind: 'answer', status: 403, body: { message: '403 Forbidden' } } });
    const ran = await poll([...status, 'echo', 'fine']);
    expect(ran).toMatchObject({ status: 77, runs: [{ state: 'success' }] });
    expect(ran.events.filter(({ type }) => type === 'report-failed')).toMatchObject([
      { phase: 'pending', final: true, fault: { code: 'denied' } },
      { phase: 'final', final: true, fault: { code: 'denied' } },
    ]);
    const [run] = await scene.history();
    expect(run?.reportProblems).toHaveLength(2);
    expect(run?.reportProblems[0]).toMatch(/^status: .*403/);
    fake.heal();
    expect(await poll(status)).toMatchObject({ status: 0, events: [] });
    expect(told()).toEqual([]);
  });
});

test('a status without a forge is refused before a commit is used up, and --result none sends nothing', async () => {
  const { scene, flags, options, poll, commit, told } = await openForgeScene('github');
  const refused = await sluice(['poll', '--once', '--result', 'status', scene.repo], { env: scene.env });
  expect(refused).toMatchObject({ status: 64, stderr: expect.stringContaining('belongs to no configured forge') });
  expect(await scene.history()).toEqual([]);
  await poll([]);
  await commit();
  const both = await scene.text([...flags, '--once', 'it:acme/app', '--result', 'none', '--', 'true'], options);
  expect(both).toMatchObject({ status: 0 });
  expect(told()).toEqual([]);
});
