import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, onTestFinished } from 'vitest';
import type { PollEvent } from '../../src/core/poll/events.ts';
import type { Ran, RunOptions } from '../support/sluice.ts';
import { noneAlive, type Scene, waiting, written } from './poll-scene.ts';

type EventOf<T extends PollEvent['type']> = Extract<PollEvent, { type: T }>;

/** A `sluice poll` without `--once`. */
export interface Watcher {
  /** Every event that it printed so far. */
  readonly events: readonly PollEvent[];
  /** The first event of this type that no earlier call for the type was given; waits for it. */
  next<T extends PollEvent['type']>(type: T): Promise<EventOf<T>>;
  kill(signal: NodeJS.Signals): void;
  readonly pid: number;
  readonly ended: Promise<Ran>;
  /** SIGINT and the end of it, which has to be as documented. */
  stop(): Promise<void>;
}

/** Starts `poll --json` with the shortest interval; whatever becomes of the test, it is ended. */
export function startWatcher(scene: Scene, args: readonly string[], options: RunOptions = {}): Watcher {
  const { child, ended } = scene.start(['--json', '-t', '5', ...args], options);
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  if (child.stdout === null) throw new Error('its stdout is no pipe');
  const events: PollEvent[] = [];
  const given = new Map<string, number>();
  const waiting = new Set<() => void>();
  const tell = () => {
    for (const one of waiting) one();
  };
  createInterface({ input: child.stdout }).on('line', (line) => {
    // Throws, and so fails the test, when the line is no JSON.
    const event = JSON.parse(line) as PollEvent | { readonly error: unknown };
    // The last line is why it ended.
    if ('error' in event) return;
    events.push(event);
    tell();
  });
  let over = false;
  ended.then(() => {
    over = true;
    tell();
  });
  return {
    events,
    async next(type) {
      const found = await new Promise<PollEvent>((resolve, reject) => {
        const look = () => {
          const at = events.findIndex((event, index) => event.type === type && index >= (given.get(type) ?? 0));
          const event = events[at];
          if (event === undefined && !over) return;
          waiting.delete(look);
          if (event === undefined) return reject(new Error(`it ended before ${type}: ${JSON.stringify(events)}`));
          given.set(type, at + 1);
          resolve(event);
        };
        waiting.add(look);
        look();
      });
      return found as EventOf<typeof type>;
    },
    kill: (signal) => void child.kill(signal),
    pid: child.pid ?? 0,
    ended,
    async stop() {
      child.kill('SIGINT');
      const { status, signal, stdout } = await ended;
      expect({ status, signal }).toEqual({ status: 130, signal: null });
      expect(JSON.parse(stdout.trim().split('\n').at(-1) ?? '')).toMatchObject({ error: { code: 'interrupted' } });
    },
  };
}

/** Nothing of a process that is gone: no child, no directory of a run, no temporary file, and the lock can be had. */
export async function expectTidy(scene: Scene): Promise<void> {
  await noneAlive(scene);
  expect(await readdir(scene.env.TMPDIR ?? '')).toEqual([]);
  const runs = join(scene.env.XDG_CACHE_HOME ?? '', 'sluice/runs');
  if (existsSync(runs)) expect(await readdir(runs)).toEqual([]);
  expect(await scene.poll([scene.repo])).toMatchObject({ stderr: '' });
}

/** A new commit on main, whose script starts a grandchild that holds the output and says that it has begun. */
export async function withRunningScript(scene: Scene, more = '') {
  await scene.poll([scene.repo]);
  const script = waiting(scene, `${more}\nsetsid sleep 1000 & (sleep 1000 | cat) &`);
  const oid = await scene.commit({ files: { version: 'second' } });
  const watcher = startWatcher(scene, [scene.repo, '--', ...script.words]);
  await written(script.begun);
  return { watcher, oid, ...script };
}
