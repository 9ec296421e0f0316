import { readBlob, readRef } from './git-history.ts';
import { notFound, type RepositoryCall } from './github-world.ts';
import type { FakeAnswer } from './server.ts';

const mostContent = 1024 * 1024;

/** `/contents/{path}`, of files only. */
export async function answerContents({ world, call, repository, route }: RepositoryCall): Promise<FakeAnswer> {
  const path = route.slice(1).join('/');
  const ref = call.url.searchParams.get('ref') ?? repository.defaultBranch;
  const blob = await readBlob(repository.gitDir, ref, path);
  if (blob === undefined) return notFound;
  const inline = blob.length <= mostContent;
  const url = `${world.api}/repos/${repository.path}/contents/${path}?ref=${ref}`;
  const page = `${world.web}/${repository.path}/blob/${ref}/${path}`;
  const sha = '0'.repeat(40);
  const git = `${world.api}/repos/${repository.path}/git/blobs/${sha}`;
  return {
    status: 200,
    body: {
      ...{ type: 'file', name: path.split('/').at(-1), path, sha, size: blob.length },
      ...(inline
        ? { encoding: 'base64', content: wrapped(blob.toString('base64')) }
        : { encoding: 'none', content: '' }),
      ...{ url, html_url: page, git_url: git, download_url: `${page}?raw` },
      _links: { self: url, git, html: page },
    },
  };
}

/** GitHub ends a line after 60 characters. */
function wrapped(base64: string): string {
  return base64.replace(/.{60}/g, '$&\n');
}

/** `/git/ref/{ref}`: exactly this one. */
export async function answerRef({ world, repository, route }: RepositoryCall): Promise<FakeAnswer> {
  const name = route.slice(2).join('/');
  const commit = await readRef(repository.gitDir, `refs/${name}`);
  if (route[1] !== 'ref' || commit === undefined) return notFound;
  const git = `${world.api}/repos/${repository.path}/git`;
  const object = { type: 'commit', sha: commit.sha, url: `${git}/commits/${commit.sha}` };
  return { status: 200, body: { ref: `refs/${name}`, node_id: 'REF_1', url: `${git}/refs/${name}`, object } };
}
