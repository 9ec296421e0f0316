import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, describe, expect, test } from 'vitest';
import { identifyGroup, killOrphan } from '../../../src/core/pipeline/process-group.ts';
import { listProcesses, parseStat } from '../../../src/core/pipeline/process-table.ts';
import { killGroup } from '../../support/run-git.ts';

const children: ChildProcess[] = [];

afterEach(() => {
  for (const child of children.splice(0)) killGroup(child);
});

let count = 0;

/** A group that says when it is ready, with a mark of its own. */
async function startGroup(body: string) {
  count += 1;
  const mark = `TMPDIR=/sluice-test/${process.pid}/${count}`;
  const env = { PATH: process.env.PATH, TMPDIR: mark.replace('TMPDIR=', '') };
  const child = spawn('sh', ['-c', body], { detached: true, env, stdio: ['pipe', 'pipe', 'ignore'] });
  children.push(child);
  const exited = once(child, 'exit');
  await once(child.stdout, 'data');
  return { child, exited, group: await identifyGroup(child.pid ?? 0, mark) };
}

async function members(pgid: number): Promise<number> {
  return (await listProcesses()).filter(({ group }) => group === pgid).length;
}

describe('killOrphan', () => {
  test('ends the group that it knows', async () => {
    const { exited, group } = await startGroup('sleep 1000 & echo ready; wait');
    expect(await killOrphan(group)).toBe(true);
    await exited;
    expect(await members(group.pgid)).toBe(0);
    expect(await killOrphan(group)).toBe(false);
  });

  test('also when its leader is gone', async () => {
    const { child, exited, group } = await startGroup('sleep 1000 >/dev/null & echo ready; read x');
    child.stdin?.end('go\n');
    await exited;
    // Without the mark, so that only the group can have found it.
    const unmarked = { ...group, mark: 'TMPDIR=/nobody/has/this' };
    expect(await members(group.pgid)).toBe(1);
    expect(await killOrphan(unmarked)).toBe(true);
    expect(await members(group.pgid)).toBe(0);
  });

  test.each([
    ['another start time', (text: string) => `${text.split('/')[0]}/1`],
    ['another start of the machine', (text: string) => `00000000-0000-0000-0000-000000000000/${text.split('/')[1]}`],
    ['an unknown start time', () => ''],
  ])('leaves a group alone that got the same number: %s', async (_name, change) => {
    const { group } = await startGroup('echo ready; read x');
    const other = { ...group, startTime: change(group.startTime), mark: 'TMPDIR=/nobody/has/this' };
    expect(await killOrphan(other)).toBe(false);
    expect(await members(group.pgid)).toBe(1);
  });

  test('finds by its mark what left the group', async () => {
    const { child, exited, group } = await startGroup('setsid sleep 1000 >/dev/null & echo ready; read x');
    child.stdin?.end('go\n');
    await exited;
    expect(await killOrphan(group)).toBe(true);
    expect(await killOrphan(group)).toBe(false);
  });
});

test('parseStat reads names that look like the rest of the line', () => {
  const rest = `S 1 42 42 0 -1 4194560 100 0 0 0 0 0 0 0 20 0 1 0 987654321 0 0`;
  expect(parseStat(`7 (a) R 1 (b)) ${rest}`)).toEqual({ pid: 7, group: 42, startTicks: 987654321n });
  expect(parseStat(`7 (sh) ${rest.replace('S', 'Z')}`)).toBeUndefined();
  expect(parseStat('')).toBeUndefined();
});
