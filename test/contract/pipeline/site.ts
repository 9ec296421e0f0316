import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { discardHistory, withHistory } from '../../../src/core/git/cache.ts';
import { type Endpoint, transportOf } from '../../../src/core/git/endpoint.ts';
import { type GitContext, runRemote } from '../../../src/core/git/remote.ts';
import { fetchInto } from '../../../src/core/git/transfer/fetch.ts';
import { type CheckoutPorts, type CheckoutRequest, checkOut } from '../../../src/core/pipeline/checkout.ts';
import { openWorkspace, type Workspace } from '../../../src/core/pipeline/workspace.ts';
import { commit, isolatedGitEnv, makeBareRepo } from '../../support/git-repo.ts';
import { testDir } from '../../support/temp-dir.ts';

export const main = 'refs/heads/main';

export interface Site {
  readonly root: string;
  readonly remote: string;
  readonly cacheDir: string;
  readonly tip: string;
  endpoint(url?: string): Endpoint;
  ports(env?: Readonly<Record<string, string>>): CheckoutPorts;
  open(): Promise<Workspace>;
}

/** A remote with three commits on main, an empty cache and a root for workspaces. */
export async function makeSite(format: 'sha1' | 'sha256' = 'sha1'): Promise<Site> {
  const root = await testDir();
  const remote = await makeBareRepo(join(root, 'remote.git'), { objectFormat: format });
  let tip: string | undefined;
  for (const n of [1, 2, 3]) {
    const files = { 'ci/pipeline.sh': `git log --format=%s; echo run ${n}\n`, [`file${n}.txt`]: `${n}\n` };
    tip = await commit(remote, { ...(tip === undefined ? {} : { parent: tip }), files, message: `c${n}`, ref: main });
  }
  const cacheDir = join(root, 'cache');
  return {
    root,
    remote,
    cacheDir,
    tip: tip ?? '',
    endpoint: (url = remote) => ({ url, display: url, transport: transportOf(url) }),
    ports(env = {}) {
      const context: GitContext = { env: isolatedGitEnv({ HOME: root, ...env }), withheld: [], tempRoot: root };
      const cache = { cacheDir, waitMs: 30_000 };
      return {
        withHistory: (from, objectFormat, work) => withHistory(context, from, objectFormat, cache, work),
        discard: (from, objectFormat) => discardHistory(context, from, objectFormat, cache),
        fetch: (repository, from, options) => fetchInto(context, repository, from, options),
        git: (from, call) => runRemote(context, from, call),
      };
    },
    async open() {
      const workspace = await openWorkspace(join(root, 'runs'));
      onTestFinished(() => workspace[Symbol.asyncDispose]());
      return workspace;
    },
  };
}

export async function checkOutAt(site: Site, request: Partial<CheckoutRequest> = {}, env?: Record<string, string>) {
  const workspace = await site.open();
  const whole = { from: site.endpoint(), ref: main, oid: site.tip, ...request };
  return { workspace, commit: await checkOut(site.ports(env), workspace, whole) };
}
