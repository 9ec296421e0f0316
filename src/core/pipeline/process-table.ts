import { readdir, readFile } from 'node:fs/promises';

/** A line of /proc (Linux). Elsewhere there is none, and what is found here is only ever a second net. */
export interface ProcessLine {
  readonly pid: number;
  readonly group: number;
  /** Clock ticks between the start of the machine and of the process. */
  readonly startTicks: bigint;
}

/** All processes that can be seen; zombies are left out: they are gone but for their number. */
export async function listProcesses(): Promise<readonly ProcessLine[]> {
  const lines = await Promise.all((await pids()).map(readProcess));
  return lines.filter((line) => line !== undefined);
}

export async function readProcess(pid: number): Promise<ProcessLine | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '');
  return parseStat(text);
}

/** A /proc/PID/stat (pure; proc(5)). The second field is the program's name in brackets, which may contain spaces and brackets. */
export function parseStat(text: string): ProcessLine | undefined {
  const named = /^(\d+) \(/.exec(text);
  // From the third field on: state, parent, group, …; the start time is the 22nd.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state, , group] = fields;
  const startTicks = fields[19];
  if (named?.[1] === undefined || group === undefined || startTicks === undefined || state === 'Z') return undefined;
  return { pid: Number(named[1]), group: Number(group), startTicks: BigInt(startTicks) };
}

/** Processes with this entry (`NAME=value`) in the environment they were started with; those of other users cannot be seen. */
export async function processesWith(entry: string): Promise<readonly number[]> {
  const found = await Promise.all(
    (await pids()).map(async (pid) => {
      const environ = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
      return environ.split('\0').includes(entry) ? [pid] : [];
    }),
  );
  return found.flat();
}

/** Changes with every start of the machine; '' where there is no /proc. */
export async function bootId(): Promise<string> {
  return (await readFile('/proc/sys/kernel/random/boot_id', 'latin1').catch(() => '')).trim();
}

async function pids(): Promise<readonly number[]> {
  const names = await readdir('/proc').catch(() => []);
  return names.filter((name) => /^\d+$/.test(name)).map(Number);
}
