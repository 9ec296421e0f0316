import { createInterface } from 'node:readline';
import { onTestFinished, vi } from 'vitest';
import type { RunView } from '../../src/core/serve/read-model.ts';
import type { Delivery } from '../support/deliveries/scenario.ts';
import { type Ran, type RunOptions, type Started, startSluice } from '../support/sluice.ts';

/** What a delivery was answered. */
export interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** A running `sluice serve --json`, whatever its configuration. */
export interface ServeProcess extends Started {
  readonly url: string;
  readonly pid: number;
  /** What was said of runs, in order. */
  readonly runs: readonly RunView[];
  /** Everything on standard error so far. */
  said(): string;
  /** Waits for a run that has come this far. */
  until(wanted: (run: RunView) => boolean): Promise<RunView>;
  /** Sends a delivery to `/hooks/SOURCE`; undefined: to `/`. */
  post(source: string | undefined, delivery: Delivery): Promise<Answer>;
  kill(): Promise<void>;
  /** SIGTERM, and its end. */
  stop(): Promise<Ran>;
}

/** Starts it and waits until it listens. Ended with the test. */
export async function startServe(args: readonly string[], options: RunOptions): Promise<ServeProcess> {
  const started = startSluice(['serve', '--json', ...args], options);
  const { child, ended } = started;
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  const runs: RunView[] = [];
  const said: string[] = [];
  child.stderr?.on('data', (chunk: Buffer) => said.push(chunk.toString()));
  const listening = Promise.withResolvers<string>();
  if (child.stdout !== null) {
    createInterface(child.stdout).on('line', (line) => {
      const event = JSON.parse(line) as { type?: string; address?: string; run?: RunView };
      if (event.type === 'listening') listening.resolve(event.address ?? '');
      if (event.run !== undefined) runs.push(event.run);
    });
  }
  const failed = ended.then(({ stderr, status }) => {
    throw new Error(`sluice serve ended with ${status}: ${stderr}`);
  });
  failed.catch(() => {});
  const url = await Promise.race([listening.promise, failed]);
  return {
    ...started,
    url,
    pid: child.pid ?? 0,
    runs,
    said: () => said.join(''),
    until: (wanted) => vi.waitFor(() => findRun(runs, wanted), { timeout: 40_000, interval: 20 }),
    async post(source, { headers, body }) {
      const path = source === undefined ? '/' : `/hooks/${source}`;
      const answer = await fetch(url + path, { method: 'POST', headers, body: new Uint8Array(body) });
      return { status: answer.status, body: (await answer.json()) as Answer['body'] };
    },
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
    async stop() {
      child.kill('SIGTERM');
      return await ended;
    },
  };
}

function findRun(runs: readonly RunView[], wanted: (run: RunView) => boolean): RunView {
  const run = runs.find(wanted);
  if (run !== undefined) return run;
  const seen = runs.map(({ id, name, state, detail }) => [id, name, state, detail]);
  throw new Error(`no such run among ${JSON.stringify(seen)}`);
}
