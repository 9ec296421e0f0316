import { chmod, cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, expect, onTestFinished } from 'vitest';
import type { Endpoint } from '../../../src/core/git/endpoint.ts';
import { type InProcess, openInProcess } from '../../../src/core/git/in-process.ts';
import type { GitContext } from '../../../src/core/git/remote.ts';
import type { RefUpdate, Transfer, TransferJob } from '../../../src/core/git/transfer/transfer.ts';
import type { ObjectFormat, Oid, RefName } from '../../../src/core/model/ref.ts';
import { type GitHttpServer, type ServedRequest, startGitHttpServer } from '../../support/git-http-server.ts';
import {
  type BareRepoOptions,
  bulkHistory,
  git,
  isolatedGitEnv,
  isShallow,
  makeBareRepo,
  missingObjects,
  refs,
  setRef,
} from '../../support/git-repo.ts';
import { type TempDir, tempDir, testDir } from '../../support/temp-dir.ts';

export type Via = 'http' | 'file';

export const main = 'refs/heads/main';

export interface SceneOptions {
  readonly via?: Via;
  readonly from?: BareRepoOptions;
  readonly to?: BareRepoOptions;
  /** How far the destination's `main` is: revisions of the source's `main`; undefined: it is empty. Default: up to date. */
  readonly toHas?: string | undefined;
}

/** A source with 60 commits on `main`, a destination that has it, and both as endpoints, for one test. */
export interface Scene {
  readonly root: string;
  readonly server: GitHttpServer;
  readonly from: string;
  readonly to: string;
  readonly context: GitContext;
  readonly inProcess: InProcess;
  endpoint(repo: string): Endpoint;
  job(updates: readonly RefUpdate[], more?: Partial<TransferJob>): TransferJob;
  /** The destination's refs. */
  refs(): Promise<ReadonlyMap<RefName, Oid>>;
  /** Pushes that the server saw begin; empty over files. */
  pushes(): readonly ServedRequest[];
}

/** Built once per format and copied for each scene: making a history costs more than the transfer under test. */
const histories = new Map<ObjectFormat, Promise<History>>();

interface History {
  readonly dir: TempDir;
  readonly objects: string;
  readonly tip: Oid;
}

afterAll(async () => {
  for (const history of histories.values()) await (await history).dir[Symbol.asyncDispose]();
});

async function historyOf(format: ObjectFormat): Promise<History> {
  const dir = await tempDir('sluice-history-');
  const repo = await makeBareRepo(join(dir.path, 'history.git'), { objectFormat: format });
  const tip = await bulkHistory(repo, { commits: 60, filesPerCommit: 4, branch: 'main', bytesPerFile: 2000 });
  return { dir, objects: join(repo, 'objects'), tip };
}

async function makeSource(dir: string, options: BareRepoOptions = {}): Promise<string> {
  const format = options.objectFormat ?? 'sha1';
  const known = histories.get(format) ?? historyOf(format);
  histories.set(format, known);
  const repo = await makeBareRepo(dir, options);
  const { objects, tip } = await known;
  await cp(objects, join(repo, 'objects'), { recursive: true });
  await setRef(repo, main, tip);
  return repo;
}

export async function openScene(options: SceneOptions = {}): Promise<Scene> {
  const { via = 'http' } = options;
  const root = await testDir();
  const server = await startGitHttpServer(root);
  onTestFinished(() => server.close());
  const objectFormat = options.from?.objectFormat ?? 'sha1';
  const from = await makeSource(join(root, 'from.git'), options.from);
  const to = await makeBareRepo(join(root, 'to.git'), { objectFormat, ...options.to });
  const toHas = 'toHas' in options ? options.toHas : main;
  if (toHas !== undefined) await git(['--git-dir', from, 'push', '-q', to, `${toHas}:${main}`]);
  const tempRoot = join(root, 'tmp');
  await mkdir(tempRoot);
  const context: GitContext = { env: isolatedGitEnv({ HOME: root }), withheld: [], tempRoot };
  const inProcess = openInProcess({ context, userAgent: 'git/sluice-test', debug: () => {} });
  onTestFinished(() => inProcess.close());

  function endpoint(repo: string): Endpoint {
    const url = via === 'http' ? server.url(repo) : repo;
    return { url, display: repo, transport: via };
  }
  const source = endpoint(from);
  const destination = endpoint(to);

  return {
    root,
    server,
    from,
    to,
    context,
    inProcess,
    endpoint,
    job: (updates, more) => ({
      context,
      from: source,
      to: destination,
      format: objectFormat,
      sameRepository: false,
      emptyDestination: toHas === undefined,
      sourceTips: new Set(),
      updates,
      atomic: false,
      ...more,
    }),
    refs: () => refs(to),
    pushes: () => server.requests.filter((one) => one.method === 'POST' && one.service === 'git-receive-pack'),
  };
}

export function create(target: RefName, oid: Oid): RefUpdate {
  return { target, old: undefined, new: oid };
}

export function move(target: RefName, old: Oid, oid: Oid): RefUpdate {
  return { target, old, new: oid };
}

export function remove(target: RefName, old: Oid): RefUpdate {
  return { target, old, new: undefined };
}

/** Runs the transfer and proves that every update landed, whole, and that nothing is left behind on this machine. */
export async function expectLanded(transfer: Transfer, scene: Scene, job: TransferJob): Promise<void> {
  const outcome = await transfer.run(job);
  const refused = outcome.results.filter((result) => !result.ok);
  expect({ refused, left: outcome.left }).toEqual({ refused: [], left: [] });
  expect(outcome.results.map((result) => result.target).sort()).toEqual(job.updates.map(({ target }) => target).sort());
  const now = await refs(scene.to);
  for (const update of job.updates)
    expect([update.target, now.get(update.target)]).toEqual([update.target, update.new]);
  await expectWhole(scene.to);
}

/** Complete, with every object, and not shallow. */
export async function expectWhole(repo: string): Promise<void> {
  expect(await isShallow(repo)).toBe(false);
  expect(await missingObjects(repo)).toEqual([]);
}

/** The destination runs this script for each ref (githooks(5), "update"). */
export async function addHook(
  repo: string,
  name: 'update' | 'pre-receive' | 'post-receive',
  script: string,
): Promise<void> {
  await mkdir(join(repo, 'hooks'), { recursive: true });
  const path = join(repo, 'hooks', name);
  await writeFile(path, `#!/bin/sh\n${script}\n`);
  await chmod(path, 0o755);
}

/** Bytes on disk of what `wanted` reaches and `known` does not: what an honest push has to send. */
export async function missingBytes(repo: string, wanted: Oid, ...known: readonly string[]): Promise<number> {
  const not = known.length === 0 ? [] : ['--not', ...known];
  return Number(await git(['--git-dir', repo, 'rev-list', '--objects', '--disk-usage', wanted, ...not]));
}

/** Body bytes of all pushes: packs and commands. */
export function uploaded(scene: Scene): number {
  return scene.pushes().reduce((sum, one) => sum + one.bytesUp, 0);
}

/** Room for the commands of a push and the header of its pack: they are no objects. */
export function commandBytes(updates: number): number {
  return 400 + updates * 250;
}

/** An annotated tag; returns the id of the tag object. */
export async function tag(repo: string, name: string, object: string): Promise<Oid> {
  await git(['--git-dir', repo, 'tag', '-a', '-m', `tag ${name}`, name, object]);
  return await git(['--git-dir', repo, 'rev-parse', `refs/tags/${name}`]);
}
