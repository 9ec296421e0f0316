import { createHash } from 'node:crypto';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { type BareRepository, bareRepository } from '../../src/core/git/bare.ts';
import type { Endpoint } from '../../src/core/git/endpoint.ts';
import type { GitContext } from '../../src/core/git/remote.ts';
import {
  pushResultCommit,
  type ResultCommitOutcome,
  type ResultCommitRequest,
} from '../../src/core/git/result-commit.ts';
import type { ObjectFormat, Oid } from '../../src/core/model/ref.ts';
import { type GitHttpServer, type ServedRequest, startGitHttpServer } from '../support/git-http-server.ts';
import {
  type BareRepoOptions,
  bulkHistory,
  type CommitOptions,
  commit,
  git,
  isolatedGitEnv,
  isShallow,
  makeBareRepo,
  missingObjects,
  setRef,
} from '../support/git-repo.ts';
import { testDir } from '../support/temp-dir.ts';

export const branch = 'refs/heads/work';
export const notesRef = 'refs/notes/sluice';
export const by = { identity: { name: 'Sluice CI', email: 'ci@example.org' }, date: 1_704_067_200 };

/** A remote with 31 commits and 90 KB on `main` and `work`, a side branch, and nothing else. */
export interface Site {
  readonly root: string;
  readonly remote: string;
  readonly format: ObjectFormat;
  readonly tip: Oid;
  readonly side: Oid;
  readonly server: GitHttpServer;
  readonly context: GitContext;
  readonly endpoint: Endpoint;
  /** The remote itself, to look at from our side. */
  readonly repository: BareRepository;
  pushes(): readonly ServedRequest[];
  /** Body bytes of all pushes; 0 over files. */
  uploaded(): number;
}

export async function openSite({
  via = 'http',
  repo,
}: {
  via?: 'http' | 'file';
  repo?: BareRepoOptions;
} = {}): Promise<Site> {
  const root = await testDir();
  const server = await startGitHttpServer(root);
  onTestFinished(() => server.close());
  const remote = await makeBareRepo(join(root, 'remote.git'), repo);
  const parent = await bulkHistory(remote, { commits: 30, filesPerCommit: 3, branch: 'main', bytesPerFile: 1000 });
  const files = { 'README.md': 'read me\n', 'ci/pipeline': 'make test\n' };
  const tip = await commit(remote, { parent, message: 'pipeline', files, ref: 'refs/heads/main' });
  await setRef(remote, branch, tip);
  const side = await commit(remote, { parent: tip, message: 'side', files: { side: 'x' }, ref: 'refs/heads/side' });
  const tempRoot = join(root, 'tmp');
  await mkdir(tempRoot);
  const context: GitContext = { env: isolatedGitEnv({ HOME: root }), withheld: [], tempRoot };
  const pushes = () => server.requests.filter((one) => one.method === 'POST' && one.service === 'git-receive-pack');
  return {
    root,
    remote,
    format: repo?.objectFormat ?? 'sha1',
    tip,
    side,
    server,
    context,
    endpoint: { url: via === 'http' ? server.url(remote) : remote, display: 'the remote', transport: via },
    repository: bareRepository(context, remote),
    pushes,
    uploaded: () => pushes().reduce((sum, one) => sum + one.bytesUp, 0),
  };
}

/** Sends a result for the tip of `work`. */
export async function resultOf(site: Site, more: Partial<ResultCommitRequest> = {}): Promise<ResultCommitOutcome> {
  return await pushResultCommit(site.context, site.endpoint, {
    ...by,
    format: site.format,
    branch: 'work',
    parent: site.tip,
    content: 'success',
    message: 'ci: success',
    ...more,
  });
}

/** A commit that changes the result, and `files`. */
export function work(parent: Oid, message: string, files: Readonly<Record<string, string>> = {}): CommitOptions {
  return { parent, message, files: { 'ci/result': 'success\n', ...files } };
}

export async function noteOf(site: Site, noted: Oid): Promise<string> {
  return await git(['--git-dir', site.remote, 'notes', `--ref=${notesRef}`, 'show', noted]);
}

/** The commit of each note with the blob that holds it. */
export async function allNotes(site: Site): Promise<Map<Oid, Oid>> {
  const list = await git(['--git-dir', site.remote, 'notes', `--ref=${notesRef}`, 'list']);
  return new Map(list.split('\n').map((line) => [line.slice(line.indexOf(' ') + 1), line.slice(0, line.indexOf(' '))]));
}

/** Notes of commits that need not exist, in directories of two letters or all in one, beside a file that is no note. */
export async function fillNotes(site: Site, count: number, { flat = false } = {}): Promise<Map<Oid, Oid>> {
  const files: Record<string, string> = { README: 'no note\n' };
  for (let at = 0; at < count; at += 1) {
    const oid = createHash(site.format).update(`noted ${at}`).digest('hex');
    const text = createHash('shake256', { outputLength: 150 }).update(`${at}`).digest('base64');
    files[flat ? oid : `${oid.slice(0, 2)}/${oid.slice(2)}`] = `${text}\n`;
  }
  await commit(site.remote, { files, message: 'notes', ref: notesRef });
  return await allNotes(site);
}

/** Nothing is missing at the remote, and nothing is left behind here. */
export async function expectWhole(site: Site): Promise<void> {
  expect(await isShallow(site.remote)).toBe(false);
  expect(await missingObjects(site.remote)).toEqual([]);
  expect(await readdir(site.context.tempRoot)).toEqual([]);
}
