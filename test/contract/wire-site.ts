import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import {
  openWire,
  type RelayOutcome,
  type RelayRequest,
  relay,
  type WireOptions,
  type WireSession,
} from '../../src/core/git/wire/wire.ts';
import { type GitHttpOptions, type GitHttpServer, startGitHttpServer } from '../support/git-http-server.ts';
import { type BareRepoOptions, bulkHistory, git, makeBareRepo } from '../support/git-repo.ts';
import { testDir } from '../support/temp-dir.ts';

export const limits = { connectTimeoutMs: 5000, idleTimeoutMs: 20_000, userAgent: 'sluice-test/1' };

export interface Site {
  readonly root: string;
  readonly server: GitHttpServer;
  /** A session for a repository of this site, closed with the test. */
  open(repo: string, options?: Partial<WireOptions>): WireSession;
}

/** A real git server over an empty directory, for the length of the current test. */
export async function serve(options?: GitHttpOptions): Promise<Site> {
  const root = await testDir();
  const server = await startGitHttpServer(root, options);
  onTestFinished(() => server.close());
  return { root, server, open: (repo, more) => open(server.url(repo), more) };
}

export function open(url: string, options: Partial<WireOptions> = {}): WireSession {
  const session = openWire(url, { ...limits, ...options });
  onTestFinished(() => session.close());
  return session;
}

/** An upstream with 30 commits on `main` and an empty destination beside it. */
export async function pair(
  site: Site,
  options: { readonly from?: BareRepoOptions; readonly to?: BareRepoOptions } = {},
) {
  const from = await makeBareRepo(join(site.root, 'from.git'), options.from);
  const to = await makeBareRepo(join(site.root, 'to.git'), options.to);
  const main = await bulkHistory(from, { commits: 30, filesPerCommit: 3, branch: 'main' });
  return { from, to, main };
}

/** Copies refs by git itself, so that the destination knows a base. */
export async function copy(from: string, to: string, ...refspecs: string[]): Promise<void> {
  await git(['--git-dir', from, 'push', '-q', to, ...refspecs]);
}

export async function relayBetween(
  source: WireSession,
  destination: WireSession,
  updates: RelayRequest['updates'],
  more: Partial<RelayRequest> = {},
): Promise<RelayOutcome> {
  return relay({ source, destination, updates, agent: 'sluice-test/1', ...more });
}

/** Throws when an object is broken or missing. */
export async function fsck(repo: string): Promise<void> {
  await git(['--git-dir', repo, 'fsck', '--full', '--strict', '--no-dangling']);
}

/** Bytes on disk of the objects that `wanted` reaches and `known` does not: what an honest push has to send. */
export async function missingBytes(repo: string, wanted: string, known: string): Promise<number> {
  return Number(await git(['--git-dir', repo, 'rev-list', '--objects', '--disk-usage', wanted, `^${known}`]));
}
