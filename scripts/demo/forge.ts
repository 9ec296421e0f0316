import { join } from 'node:path';
import { type GitHttpServer, startGitHttpServer } from '../../test/support/git-http-server.ts';
import { bulkHistory, commit, git, makeBareRepo, resolve } from '../../test/support/git-repo.ts';

/** A small world: an upstream with a pull request from a fork, and an internal mirror of it, behind a real git server. */
export interface DemoForge extends AsyncDisposable {
  readonly server: GitHttpServer;
  readonly upstream: string;
  readonly fork: string;
  readonly mirror: string;
  /** What the contributor does next: writes the branch of the pull request anew. */
  amendChange(): Promise<void>;
  /** Somebody commits on the mirror's main, which the upstream does not know. */
  divergeMirror(): Promise<void>;
}

export async function openDemoForge(root: string): Promise<DemoForge> {
  // As github.com does: a push does not get to see the heads of pull requests.
  const upstream = await makeBareRepo(join(root, 'acme/app.git'), { hidePullRefs: true });
  const tip = await bulkHistory(upstream, { commits: 40, filesPerCommit: 20, branch: 'main' });
  const mirror = await copyOf(upstream, join(root, 'mirrors/app.git'));
  const fork = await copyOf(upstream, join(root, 'ann/app.git'));

  async function writeChange(content: string, message: string): Promise<void> {
    await commit(fork, { parent: tip, files: { 'docs/guide.md': content }, message, ref: 'refs/heads/fix-guide' });
    await git(['--git-dir', upstream, 'fetch', '--quiet', fork, '+refs/heads/fix-guide:refs/pull/1/head']);
  }

  await writeChange('How to mirror\n', 'Fix the guide');
  const server = await startGitHttpServer(root);
  return {
    server,
    upstream,
    fork,
    mirror,
    amendChange: () => writeChange('How to mirror a repository\n', 'Fix the guide, as reviewed'),
    async divergeMirror() {
      const files = { 'HOTFIX.md': 'only here\n' };
      const parent = await resolve(mirror, 'refs/heads/main');
      await commit(mirror, { parent, files, message: 'Hotfix on the mirror', ref: 'refs/heads/main' });
      await commit(upstream, { parent: tip, files: { 'NEWS.md': '1.1\n' }, message: 'News', ref: 'refs/heads/main' });
    },
    [Symbol.asyncDispose]: () => server.close(),
  };
}

async function copyOf(repo: string, dir: string): Promise<string> {
  await makeBareRepo(dir);
  await git(['--git-dir', dir, 'fetch', '--quiet', repo, 'refs/heads/*:refs/heads/*']);
  return dir;
}
