import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Traffic } from './rounds.ts';

/** git over smart HTTP from a process of its own. */
export interface Served extends AsyncDisposable {
  readonly origin: string;
  /** What was asked and answered since the last call. */
  takeTraffic(): Promise<Traffic>;
}

/** Serves every repository below `root`. */
export async function serve(root: string): Promise<Served> {
  const child = fork(join(import.meta.dirname, 'git-server.ts'), [root]);
  const [{ origin }] = (await once(child, 'message')) as [{ readonly origin: string }];
  return {
    origin,
    async takeTraffic() {
      child.send('take');
      const [{ traffic }] = (await once(child, 'message')) as [{ readonly traffic: Traffic }];
      return traffic;
    },
    async [Symbol.asyncDispose]() {
      const exited = once(child, 'exit');
      child.disconnect();
      await exited;
    },
  };
}
