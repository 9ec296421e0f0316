import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { git, isolatedGitEnv } from '../test/support/git-repo.ts';
import { tempDir } from '../test/support/temp-dir.ts';
import { unpackPackage } from './package.ts';
import { type Child, startChild } from './poll-child.ts';
import { type FixtureName, makeCertificate, makeRepositories } from './poll-fixture.ts';
import type { ServerAnswer, ServerQuestion } from './poll-server.ts';
import type { Traffic } from './rounds.ts';

/** Everything the scenes need, made once. */
export interface PollGround extends AsyncDisposable {
  /** Of the program as it is published. */
  readonly launcher: string;
  readonly env: Readonly<Record<string, string>>;
  /** Whether there is an https server too. */
  readonly tls: boolean;
  urls(options: UrlOptions): readonly string[];
  /** What clients sent and received since the last call. */
  takeTraffic(): Promise<Traffic>;
  newDir(name: string): Promise<string>;
  /** A clone with a work tree, as pyci has one. */
  clone(url: string, name: string): Promise<string>;
}

export interface UrlOptions {
  readonly fixture: FixtureName;
  readonly repositories: number;
  readonly tls: boolean;
  readonly latencyMs: number;
}

export async function openGround(): Promise<PollGround> {
  await using stack = new AsyncDisposableStack();
  const { path } = stack.use(await tempDir('sluice-bench-'));
  const root = join(path, 'served');
  await makeRepositories(root);
  const pair = await makeCertificate(path);
  const home = join(path, 'home');
  await mkdir(home);
  const env = isolatedGitEnv({
    HOME: home,
    XDG_CACHE_HOME: undefined,
    XDG_STATE_HOME: undefined,
    NODE_COMPILE_CACHE: join(path, 'compiled'),
    // Both git and sluice trust this file.
    GIT_SSL_CAINFO: pair?.cert,
  });
  const server: Child<ServerQuestion, ServerAnswer> = stack.use(startChild('poll-server.ts', env));
  const { http, https } = await server.ask({ root, tls: pair });
  const launcher = await unpackPackage(path);
  const kept = stack.move();
  return {
    launcher,
    env,
    tls: https !== undefined,
    urls({ fixture, repositories, tls, latencyMs }) {
      return Array.from({ length: repositories }, (_, at) => `${tls ? https : http}/${latencyMs}/${fixture}/${at + 1}`);
    },
    async takeTraffic() {
      const { requests, up, down } = await server.ask({});
      return { requests, up, down, advert: 0 };
    },
    async newDir(name) {
      const dir = join(path, name);
      await mkdir(dir, { recursive: true });
      return dir;
    },
    async clone(url, name) {
      const dir = join(path, name);
      await git(['clone', '--quiet', url, dir], { env });
      return dir;
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}
