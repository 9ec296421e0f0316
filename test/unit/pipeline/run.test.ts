import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { GroupIdentity } from '../../../src/core/pipeline/process-group.ts';
import { listProcesses, processesWith } from '../../../src/core/pipeline/process-table.ts';
import { rememberSecret } from '../../../src/core/secret.ts';
import { testDir } from '../../support/temp-dir.ts';
import { runBody } from './run-body.ts';

async function runText(body: string, options = {}) {
  return await runBody(await testDir(), body, options);
}

describe('how a script ends', () => {
  test.each([
    ['exit 0', { state: 'success', exitCode: 0 }],
    ['exit 1', { state: 'failure', exitCode: 1 }],
    ['exit 127', { state: 'failure', exitCode: 127 }],
    ['exit 255', { state: 'failure', exitCode: 255 }],
    ['kill -SEGV $$', { state: 'failure', signal: 'SIGSEGV' }],
    ['kill -KILL $$', { state: 'failure', signal: 'SIGKILL' }],
    ['cd /; rm -rf "$TMPDIR/../checkout"; echo still here', { state: 'success', lastLine: 'still here' }],
  ])('%s', async (body, expected) => {
    expect((await runText(body)).result).toMatchObject(expected);
  });

  test('output of both kinds keeps its order and can be opened again by name', async () => {
    const body = 'for i in 1 2 3 4 5; do echo out$i; echo err$i >&2; done; echo named >/dev/stderr; sh -c "echo child"';
    const { log, result } = await runText(body);
    const lines = [1, 2, 3, 4, 5].flatMap((i) => [`out${i}`, `err${i}`]);
    expect(String(log)).toBe(`${[...lines, 'named', 'child'].join('\n')}\n`);
    expect(result).toMatchObject({ lastLine: 'child', droppedBytes: 0, logBytes: log.length });
  });

  test('it starts in the checkout, without input, in a group of its own, with SIGPIPE as usual', async () => {
    const body = 'pwd; cat; cut -d" " -f5 /proc/$$/stat; echo $$; ls /proc/$$/fd | wc -l; yes | head -n 1';
    const { log, workspace } = await runText(body);
    const [cwd, group, pid, , last] = String(log).split('\n');
    expect(cwd).toBe(workspace.checkout);
    expect(group).toBe(pid);
    expect(last).toBe('y');
  });

  test('bytes that are no text arrive as they are', async () => {
    const { log, result } = await runText("printf 'a\\377\\000\\033[1mb\\n'");
    expect(log).toEqual(Buffer.from('a\xff\x00\x1b[1mb\n', 'latin1'));
    expect(result.lastLine).toBe('a\ufffdb');
  });

  test('hostile names are only data', async () => {
    const name = '$(touch pwned)`id`; "x" \'y\' -x 😀\n\u001b[31m';
    const { log } = await runBody(await testDir(), '', {
      command: ['sh', '-c', 'printf %s "$1"; ls', 'x', name],
    });
    expect(String(log)).toBe(`${name}body.sh\n`);
  });

  test('a secret of sluice that it prints does not get into the last line', async () => {
    rememberSecret('hunter2-hunter2');
    expect((await runText('echo token hunter2-hunter2')).result.lastLine).toBe('token [secret]');
  });
});

describe('what cannot be started is an error with a reason', () => {
  test('a missing program', async () => {
    const { log, result } = await runText('', { command: ['/no/such/interpreter', 'x'] });
    expect(result).toMatchObject({ state: 'error', lastLine: 'the program "/no/such/interpreter" was not found' });
    expect(result).not.toHaveProperty('exitCode');
    expect(String(log)).toBe('[sluice] the program "/no/such/interpreter" was not found\n');
    expect((await runText('', { command: ['no-such-program'] })).result.state).toBe('error');
    expect((await runText('', { command: [] })).result.state).toBe('error');
  });

  test('a directory that is gone', async () => {
    const { result } = await runText('', {
      command: ['sh', '-c', 'exit 0'],
      prepare: async (workspace: { checkout: string }) => rm(workspace.checkout, { recursive: true }),
    });
    expect(result).toMatchObject({ state: 'error', lastLine: expect.stringContaining('could not be started') });
  });

  test('arguments longer than the system takes', async () => {
    const { result } = await runText('', { command: ['sh', '-c', `: ${'x'.repeat(200_000)}`] });
    expect(result).toMatchObject({ state: 'error', lastLine: expect.stringContaining('E2BIG') });
  });
});

describe('time limit and cancelling', () => {
  test('a script that is asked may tidy up', async () => {
    const body = 'trap "echo bye; exit 0" TERM; echo ready; while :; do sleep 0.05; done';
    const cancel = new AbortController();
    const onOutput = () => cancel.abort();
    const { log, result } = await runText(body, { signal: cancel.signal, onOutput });
    expect(result).toMatchObject({ state: 'cancelled', exitCode: 0, lastLine: 'bye' });
    // The shell may say beside it that its sleep was terminated.
    expect(String(log)).toMatch(/^ready\n(?:Terminated\n)?bye\n$/);
  });

  test('one that ignores SIGTERM is killed after the grace, with its children', async () => {
    const body = 'trap "" TERM; sleep 1000 & echo ready; sleep 1000; sleep 1000';
    const { result } = await runText(body, { timeoutMs: 300, graceMs: 300 });
    expect(result).toMatchObject({ state: 'timed-out', signal: 'SIGKILL' });
    expect(result.durationMs).toBeGreaterThanOrEqual(600);
  });

  test('what the script started may tidy up although the script itself is gone at once', async () => {
    const dir = await testDir();
    const child = `trap "sleep 0.8; touch ${dir}/tidy; exit" TERM; echo ready; while :; do sleep 0.05; done`;
    const cancel = new AbortController();
    const options = { signal: cancel.signal, onOutput: () => cancel.abort(), graceMs: 30_000 };
    const { result } = await runText(`sh -c '${child}' & wait`, options);
    expect(result).toMatchObject({ state: 'cancelled', signal: 'SIGTERM' });
    await rm(join(dir, 'tidy'));
  });

  test('a stopped one is ended too', async () => {
    const { result } = await runText('kill -STOP $$; sleep 1000', { timeoutMs: 300, graceMs: 60_000 });
    expect(result).toMatchObject({ state: 'timed-out', signal: 'SIGTERM' });
  });

  test('cancelled before or while it starts, nothing of it runs', async () => {
    const before = await runText('echo ran', { signal: AbortSignal.abort() });
    expect(before.result).toMatchObject({ state: 'cancelled', logBytes: 0 });
    const cancel = new AbortController();
    const onStarted = async () => cancel.abort();
    const during = await runText('echo ran', { signal: cancel.signal, onStarted });
    expect(during.result).toMatchObject({ state: 'cancelled', logBytes: 0 });
  });

  test('a limit of years is no limit of zero', async () => {
    const { result } = await runText('sleep 0.2; echo done', { timeoutMs: 2 ** 40 });
    expect(result).toMatchObject({ state: 'success', lastLine: 'done' });
  });
});

describe('nothing is left behind', () => {
  test.each([
    ['a grandchild that holds the output', 'sleep 1000 & echo over'],
    ['one in the group that ignores SIGTERM', '(trap "" TERM; sleep 1000) & echo over'],
    ['one that left the group', 'setsid sleep 1000 & echo over'],
    ['a daemon', 'setsid sh -c "sleep 1000 & exec sleep 1000" >/dev/null 2>&1 </dev/null & sleep 0.2; echo over'],
    ['one that goes on writing', '(while :; do echo more; sleep 0.05; done) & echo over'],
  ])('%s', async (_name, body) => {
    let group: GroupIdentity | undefined;
    const onStarted = (identity: GroupIdentity) => {
      group = identity;
    };
    const { log, result } = await runText(body, { onStarted });
    expect(result).toMatchObject({ state: 'success', exitCode: 0 });
    expect(String(log)).toContain('over\n');
    expect(group?.startTime).toMatch(/^[0-9a-f-]{36}\/\d+$/);
    expect(await processesWith(group?.mark ?? '')).toEqual([]);
    const members = (await listProcesses()).filter((line) => line.group === group?.pgid);
    expect(members).toEqual([]);
  });

  test('what a child writes shortly after the script has ended is still logged', async () => {
    expect(String((await runText('(while kill -0 $$; do :; done 2>/dev/null; echo late) & exit 0')).log)).toBe(
      'late\n',
    );
  });

  test('when the identity cannot be stored, the script never runs and the reason is passed on', async () => {
    let group: GroupIdentity | undefined;
    const dir = await testDir();
    const marker = join(dir, 'ran');
    const run = runBody(dir, `touch ${marker}; sleep 1000`, {
      onStarted: async (identity) => {
        group = identity;
        throw new Error('disk full');
      },
    });
    await expect(run).rejects.toThrow('disk full');
    expect(await processesWith(group?.mark ?? '')).toEqual([]);
    await expect(rm(marker)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

test('a flood of output: the script does not wait, memory stays flat, the file is capped', async () => {
  const bytes = 200_000_000;
  // The first run pays for what is allocated once.
  await runText('yes | head -c 5000000');
  const before = process.memoryUsage().rss;
  let highest = 0;
  const onOutput = () => {
    highest = Math.max(highest, process.memoryUsage().rss);
  };
  const body = `yes 0123456789 | head -c ${bytes}; echo; echo the end`;
  const { log, result } = await runText(body, { maxLogBytes: 1_000_000, onOutput });
  expect(result).toMatchObject({ state: 'success', lastLine: 'the end' });
  expect(log.length).toBeLessThanOrEqual(1_000_000);
  expect(String(log.subarray(-8))).toBe('the end\n');
  expect(log.length + result.droppedBytes).toBeGreaterThan(bytes);
  expect(highest - before).toBeLessThan(100_000_000);
});
