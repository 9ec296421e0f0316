import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { bootId, listProcesses, processesWith, readProcess } from './process-table.ts';

/** A process group that can be recognised later, also by another sluice after a crash. */
export interface GroupIdentity {
  /** Number of the group and of the process that leads it. */
  readonly pgid: number;
  /** When its leader started: an opaque text that no later process with the same number has. '' where there is no /proc. */
  readonly startTime: string;
  /** Entry in the environment of all its processes (`NAME=value`) that no other run has; finds those that left the group. */
  readonly mark: string;
}

/** The identity of a group whose leader is alive. */
export async function identifyGroup(pgid: number, mark: string): Promise<GroupIdentity> {
  const leader = await readProcess(pgid);
  return { pgid, startTime: leader === undefined ? '' : `${await bootId()}/${leader.startTicks}`, mark };
}

/** The mark of a run: no other one has this TMPDIR. */
export function markOf({ tmp }: { readonly tmp: string }): string {
  return `TMPDIR=${tmp}`;
}

/** The directory of the run that has this mark. */
export function directoryOf({ mark }: GroupIdentity): string {
  return dirname(mark.slice('TMPDIR='.length));
}

/** Sends a signal to every process of the group; nobody left is no error. */
export function signalGroup(pgid: number, signal: NodeJS.Signals): void {
  signalOne(-pgid, signal);
}

/**
 * SIGTERM for the members without the leader, for a leader that dies of it and takes the others along at once (bubblewrap); for the
 * whole group when there is nobody else.
 */
export async function askMembers(pgid: number): Promise<void> {
  const members = (await listProcesses()).filter(({ pid, group }) => group === pgid && pid !== pgid);
  if (members.length === 0) signalGroup(pgid, 'SIGTERM');
  for (const { pid } of members) signalOne(pid, 'SIGTERM');
}

/** Waits until the group has no members, at most this long. */
export async function untilGone(group: GroupIdentity, limitMs: number): Promise<void> {
  const end = performance.now() + limitMs;
  while (performance.now() < end && (await isStillThere(group))) await sleep(50);
}

/**
 * Ends at once what is left of a run: the group if it is still the same one, and processes that left it (setsid) but still carry the
 * mark. A process that left the group *and* cleared its environment stays: only isolation holds those. Several rounds, because a
 * process may fork while it is looked for. Returns whether there was anything.
 */
export async function killOrphan(group: GroupIdentity): Promise<boolean> {
  let found = false;
  for (let round = 0; round < 20; round += 1) {
    const same = await isStillThere(group);
    if (same) signalGroup(group.pgid, 'SIGKILL');
    const marked = await processesWith(group.mark);
    for (const pid of marked) signalOne(pid, 'SIGKILL');
    if (!same && marked.length === 0) return found;
    found = true;
    await sleep(10 * (round + 1));
  }
  return found;
}

/**
 * Whether the group has members, and is not another one with its number. A number is not given to a new process while a group of
 * that number has members, so: a leader with another start time means that the group is gone; without a leader, members that are
 * not older than it are its own.
 */
export async function isStillThere({ pgid, startTime }: GroupIdentity): Promise<boolean> {
  const [boot, ticks = ''] = startTime.split('/');
  if (boot === '' || boot !== (await bootId())) return false;
  const processes = await listProcesses();
  const leader = processes.find(({ pid }) => pid === pgid);
  if (leader !== undefined) return leader.group === pgid && String(leader.startTicks) === ticks;
  return processes.some(({ group, startTicks }) => group === pgid && startTicks >= BigInt(ticks));
}

function signalOne(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended by itself.
  }
}
