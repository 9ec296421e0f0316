import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Endpoint } from '../../../src/core/git/endpoint.ts';
import {
  type Fault,
  type GitHttpServer,
  type ServedRequest,
  startGitHttpServer,
} from '../../support/git-http-server.ts';
import { commit, runGit } from '../../support/git-repo.ts';
import { checkOutAt, main, makeSite, type Site } from './site.ts';

const absent = (await runGit(['lfs', 'version'])).status !== 0;
const why = absent ? ' (skipped: git-lfs is not installed)' : '';

const content = 'the content';
const oid = createHash('sha256').update(content).digest('hex');
const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${oid}\nsize ${content.length}\n`;
const files = { '.gitattributes': '*.bin filter=lfs diff=lfs merge=lfs -text\n', 'a.bin': pointer };

const password = 'canary-7c1e-password';
const basic = `Basic ${Buffer.from(`bot:${password}`).toString('base64')}`;

/** Git LFS' batch API with one object (github.com/git-lfs/git-lfs, docs/api/batch.md); git's own requests are left to git. */
async function lfsServer(site: Site): Promise<GitHttpServer> {
  const server = await startGitHttpServer(site.root, { auth: { users: { bot: password } } });
  onTestFinished(() => server.close());
  const download = { href: `${server.origin}/objects/${oid}` };
  const batch = { transfer: 'basic', objects: [{ oid, size: content.length, actions: { download } }] };
  server.options.fault = ({ path, headers }: ServedRequest): Fault | undefined => {
    const asked = path.endsWith('/info/lfs/objects/batch');
    if (!asked && path !== `/objects/${oid}`) return undefined;
    if (headers.authorization !== basic) {
      return { status: 401, headers: { 'WWW-Authenticate': 'Basic realm="lfs"' } };
    }
    const type = asked ? 'application/vnd.git-lfs+json' : 'application/octet-stream';
    return { status: 200, headers: { 'Content-Type': type }, body: asked ? JSON.stringify(batch) : content };
  };
  return server;
}

function endpoint(site: Site, server: GitHttpServer): Endpoint {
  const url = server.url(site.remote);
  return { ...site.endpoint(url), credential: async () => ({ kind: 'basic', username: 'bot', password }) };
}

describe.skipIf(absent)(`Git LFS over HTTP${why}`, () => {
  test('the content comes with the credential of the remote, and from nowhere else', async () => {
    const site = await makeSite();
    const server = await lfsServer(site);
    const sha = await commit(site.remote, { parent: site.tip, files, message: 'lfs', ref: main });
    const from = endpoint(site, server);
    const { workspace } = await checkOutAt(site, { from, oid: sha, lfs: true });
    expect(await readFile(join(workspace.checkout, 'a.bin'), 'utf8')).toBe(content);
    expect(server.requests.map(({ path }) => path)).toContain(`/objects/${oid}`);
    const pointers = await checkOutAt(site, { from, oid: sha });
    expect(await readFile(join(pointers.workspace.checkout, 'a.bin'), 'utf8')).toBe(pointer);
  });

  test('a commit that names another server gets no credential sent there', async () => {
    const site = await makeSite();
    const server = await lfsServer(site);
    const elsewhere = await lfsServer(site);
    const lfsconfig = `[lfs]\n\turl = ${elsewhere.origin}/x.git/info/lfs\n`;
    const more = { ...files, '.lfsconfig': lfsconfig };
    const sha = await commit(site.remote, { parent: site.tip, files: more, message: 'lfs', ref: main });
    const from = endpoint(site, server);
    await expect(checkOutAt(site, { from, oid: sha, lfs: true })).rejects.toMatchObject({ name: 'SluiceError' });
    expect(elsewhere.requests.length).toBeGreaterThan(0);
    expect(elsewhere.requests.map(({ headers }) => headers.authorization)).not.toContain(basic);
  });

  test('an object that the server does not have is an error of the checkout, not a pointer in its place', async () => {
    const site = await makeSite();
    const server = await lfsServer(site);
    const other = { ...files, 'a.bin': pointer.replace(oid, '0'.repeat(64)) };
    const sha = await commit(site.remote, { parent: site.tip, files: other, message: 'lfs', ref: main });
    const from = endpoint(site, server);
    await expect(checkOutAt(site, { from, oid: sha, lfs: true })).rejects.toThrow(/a\.bin/);
  });
});
