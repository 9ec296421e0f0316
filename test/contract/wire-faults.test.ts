import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { SluiceError } from '../../src/core/errors.ts';
import type { RelayOutcome, RelayRequest } from '../../src/core/git/wire/wire.ts';
import type { Fault, ServedRequest } from '../support/git-http-server.ts';
import { addChange, bulkHistory, commit, git, makeBareRepo, refs, runGit } from '../support/git-repo.ts';
import { copy, fsck, open, pair, relayBetween, type Site, serve } from './wire-site.ts';

const pr = 'refs/heads/pr/1';
/** Streams even small packs, so that the destination has begun to receive when something goes wrong. */
const streamed = { limits: { bufferBytes: 0 } };

/** A fault for POSTs to one service of one repository. */
function at(repo: 'from.git' | 'to.git', fault: Fault): (request: ServedRequest) => Fault | undefined {
  return ({ method, path }) => (method === 'POST' && path.includes(repo) ? fault : undefined);
}

/** `to` has the base; the change is some 600 KB that do not compress away. */
async function bigChange(site: Site) {
  const { from, to, main } = await pair(site);
  await copy(from, to, 'refs/heads/main');
  const oid = await bulkHistory(from, {
    commits: 20,
    filesPerCommit: 2,
    branch: 'big',
    bytesPerFile: 30_000,
    parent: main,
  });
  return { from, to, main, updates: [{ name: pr, old: undefined, new: oid }] };
}

async function expectFailure(work: Promise<unknown>, expected: Partial<SluiceError>): Promise<SluiceError> {
  const error = await work.then(
    (value) => value,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(SluiceError);
  expect(error).toMatchObject(expected);
  return error as SluiceError;
}

function pushOf(site: Site): ServedRequest | undefined {
  return site.server.requests.find((one) => one.method === 'POST' && one.service === 'git-receive-pack');
}

describe('a relay that breaks leaves the destination as it was', () => {
  async function expectUnchangedAndUsable(
    site: Site,
    { from, to, main, updates }: { from: string; to: string; main: string; updates: RelayRequest['updates'] },
  ): Promise<void> {
    expect(await refs(to)).toEqual(new Map([['refs/heads/main', main]]));
    await fsck(to);
    site.server.options.fault = undefined;
    const again = await relayBetween(site.open(from), site.open(to), updates);
    expect(again).toMatchObject({ kind: 'done', results: [{ ok: true }] });
    await fsck(to);
  }

  test.each([
    { what: 'is cut in the middle of the pack', keep: (length: number) => length / 2, end: 'cut' },
    {
      what: 'ends after the whole pack, without saying that it is whole',
      keep: (length: number) => length - 4,
      end: 'tidy',
    },
  ] as const)('the source $what', async ({ keep, end }) => {
    const site = await serve();
    const scene = await bigChange(site);
    const begun = () => vi.waitFor(() => expect(pushOf(site)?.bytesUp).toBeGreaterThan(1000), { timeout: 10_000 });
    const source = open(await brokenSource(site.server.url(scene.from), { keep, end, after: begun }));
    const error = await expectFailure(relayBetween(source, site.open(scene.to), scene.updates, streamed), {
      code: 'unavailable',
      retryable: true,
    });
    if (end === 'tidy') expect(error.message).toContain('ended before the end of the pack');
    await expectUnchangedAndUsable(site, scene);
  });

  test('a small pack that breaks is never begun at the destination', async () => {
    const site = await serve();
    const scene = await bigChange(site);
    site.server.options.fault = at('from.git', { cutAfterBytes: 300_000 });
    const work = relayBetween(site.open(scene.from), site.open(scene.to), scene.updates);
    await expectFailure(work, { code: 'unavailable' });
    expect(pushOf(site)).toBeUndefined();
  });

  test('the destination is cut while it receives', async () => {
    const site = await serve();
    const scene = await bigChange(site);
    site.server.options.fault = at('to.git', { cutUploadAfterBytes: 100_000 });
    const work = relayBetween(site.open(scene.from), site.open(scene.to), scene.updates, streamed);
    await expectFailure(work, { code: 'unavailable' });
    await expectUnchangedAndUsable(site, scene);
  });

  test('the report of the destination is cut: no success is claimed', async () => {
    const site = await serve();
    const scene = await bigChange(site);
    site.server.options.fault = at('to.git', { cutAfterBytes: 20 });
    const work = relayBetween(site.open(scene.from), site.open(scene.to), scene.updates);
    await expectFailure(work, { code: 'unavailable', retryable: true });
  });

  test('the destination refuses the request while the pack is on its way', async () => {
    const site = await serve();
    const scene = await bigChange(site);
    site.server.options.fault = at('to.git', { status: 413, body: 'too large' });
    const work = relayBetween(site.open(scene.from), site.open(scene.to), scene.updates, streamed);
    await expectFailure(work, { code: 'denied' });
    await expectUnchangedAndUsable(site, scene);
  });

  test('interrupted in the middle', async () => {
    const site = await serve();
    const scene = await bigChange(site);
    const stop = new AbortController();
    const hang = at('to.git', 'hang');
    site.server.options.fault = (request) => {
      if (hang(request) !== undefined) stop.abort();
      return hang(request);
    };
    const work = relayBetween(site.open(scene.from), site.open(scene.to), scene.updates, {
      ...streamed,
      signal: stop.signal,
    });
    await expectFailure(work, { code: 'interrupted' });
    await expectUnchangedAndUsable(site, scene);
  });

  test('what git receive-pack makes of a push without its last 20 bytes', async () => {
    // The reason why the checksum is withheld: a server may well hand over what came and close its end.
    const site = await serve();
    const { from, to, main, updates } = await bigChange(site);
    const pack = await packOf(from, `${updates[0]?.new}\n^${main}\n`);
    const commands = `${'0'.repeat(40)} ${updates[0]?.new} ${pr}\0 report-status`;
    const head = Buffer.from(`${(commands.length + 4).toString(16).padStart(4, '0')}${commands}0000`);
    const args = ['receive-pack', '--stateless-rpc', to];
    await runGit(args, { input: [head, pack.subarray(0, -20)] });
    expect((await refs(to)).has(pr)).toBe(false);
    await runGit(args, { input: [head, pack] });
    expect((await refs(to)).has(pr)).toBe(true);
  });
});

describe('a pack beyond its limit', () => {
  test.each([0, 10_000_000])(
    'is given up and nothing changes (packs up to %d bytes are collected)',
    async (bufferBytes) => {
      const site = await serve();
      const { from, to, main, updates } = await bigChange(site);
      const limits = { packBytes: 200_000, bufferBytes };
      const outcome = await relayBetween(site.open(from), site.open(to), updates, { limits });
      expect(outcome).toEqual({ kind: 'too-large', bytes: expect.toSatisfy((bytes: number) => bytes > 200_000) });
      if (bufferBytes > 0) expect(pushOf(site)).toBeUndefined();
      else await vi.waitFor(() => expect(pushOf(site)?.bytesUp).toBeGreaterThan(1000), { timeout: 10_000 });
      expect(await refs(to)).toEqual(new Map([['refs/heads/main', main]]));
      await fsck(to);
    },
  );

  test('splitting the batch isolates the rogue ref, whose history is foreign', async () => {
    const site = await serve();
    const { from, to } = await pair(site);
    await copy(from, to, 'refs/heads/main');
    const rogue = await bulkHistory(from, { commits: 20, filesPerCommit: 2, branch: 'rogue', bytesPerFile: 30_000 });
    const good = await addChange(from, 1, { from: 'refs/heads/main' });
    const limits = { packBytes: 200_000 };
    const updates = [
      { name: pr, old: undefined, new: good.oid },
      { name: 'refs/heads/pr/2', old: undefined, new: rogue },
    ];
    const both = await relayBetween(site.open(from), site.open(to), updates, { limits });
    expect(both.kind).toBe('too-large');
    const kinds: RelayOutcome['kind'][] = [];
    for (const one of updates) kinds.push((await relayBetween(site.open(from), site.open(to), [one], { limits })).kind);
    // The source acknowledges what it has, related to what is wanted or not, so only the limit protects.
    expect(kinds).toEqual(['done', 'too-large']);
  });

  test('a limit that the pack just reaches is no limit', async () => {
    const site = await serve();
    const { from, to, updates } = await bigChange(site);
    const copyOfTo = await makeBareRepo(join(site.root, 'copy.git'));
    await copy(from, copyOfTo, 'refs/heads/main');
    const first = await relayBetween(site.open(from), site.open(copyOfTo), updates);
    const packBytes = first.kind === 'done' ? first.packBytes : 0;
    const outcome = await relayBetween(site.open(from), site.open(to), updates, { limits: { packBytes } });
    expect(outcome).toMatchObject({ kind: 'done', packBytes });
  });
});

describe('a server that hangs is given up', () => {
  const quick = { idleTimeoutMs: 700, connectTimeoutMs: 700 };

  test.each(['from.git', 'to.git'] as const)('%s', async (repo) => {
    const site = await serve();
    const { from, to, updates } = await bigChange(site);
    site.server.options.fault = at(repo, 'hang');
    const work = relayBetween(site.open(from, quick), site.open(to, quick), updates);
    await expectFailure(work, { code: 'timed-out', retryable: true });
    expect((await refs(to)).has(pr)).toBe(false);
  });

  test('one that accepts connections and never speaks TLS', async () => {
    const server = createServer(() => {}).listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const session = open(`https://127.0.0.1:${port}/r.git`, quick);
    const error = await expectFailure(session.offer(), { code: 'timed-out' });
    expect(error.message).toContain('no connection within 0.7 s');
  });

  test('one that is not there', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    await expectFailure(open(`http://127.0.0.1:${port}/r.git`).offer(), { code: 'unavailable' });
  });

  test("the caller's own time limit", async () => {
    const site = await serve({ fault: () => 'hang' });
    const work = site.open(join(site.root, 'r.git')).offer({ signal: AbortSignal.timeout(200) });
    await expectFailure(work, { code: 'timed-out' });
  });

  test('a signal that is aborted already sends nothing', async () => {
    const site = await serve();
    const work = site.open(join(site.root, 'r.git')).listRefs({ signal: AbortSignal.abort() });
    await expectFailure(work, { code: 'interrupted' });
    expect(site.server.requests).toEqual([]);
  });
});

describe('statuses', () => {
  test.each([
    [401, 'denied'],
    [403, 'denied'],
    [404, 'not-found'],
    [410, 'not-found'],
    [418, 'not-found'],
    [429, 'rate-limited'],
    [500, 'unavailable'],
    [503, 'unavailable'],
  ] as const)('%d is %s', async (status, code) => {
    const site = await serve({ fault: () => ({ status, headers: { 'retry-after': '17' } }) });
    const error = await expectFailure(site.open(join(site.root, 'r.git')).listRefs(), { code });
    expect(error.message).toContain(String(status));
    expect(error.retryAfterMs).toBe(status === 429 || status >= 500 ? 17_000 : undefined);
  });

  test('a page instead of the answer to a request', async () => {
    const site = await serve();
    const repo = await makeBareRepo(join(site.root, 'r.git'));
    const session = site.open(repo);
    await session.offer();
    site.server.options.fault = () => ({
      status: 200,
      body: '<html>',
      headers: { 'Content-Type': 'text/html; charset=utf-8' },
    });
    const error = await expectFailure(session.listRefs(), { code: 'unavailable' });
    expect(error.message).toContain('text/html');
  });
});

describe('redirects', () => {
  test('within the origin is followed, and later requests go to the new place', async () => {
    const site = await serve();
    const repo = await makeBareRepo(join(site.root, 'new.git'));
    const oid = await commit(repo, { message: 'one', ref: 'refs/heads/main' });
    site.server.options.fault = ({ path, query }) =>
      path.startsWith('/old.git') ? { status: 301, headers: { location: `/new.git/info/refs?${query}` } } : undefined;
    const listing = await site.open(join(site.root, 'old.git')).listRefs({ prefixes: ['refs/heads/'] });
    expect(listing?.refs).toEqual([{ name: 'refs/heads/main', oid }]);
    expect(site.server.requests.map((one) => one.path)).toEqual([
      '/old.git/info/refs',
      '/new.git/info/refs',
      '/new.git/git-upload-pack',
    ]);
  });

  test('to another origin is named and not followed, and credentials stay at home', async () => {
    const elsewhere = await serve();
    const site = await serve({
      fault: ({ query }) => ({
        status: 302,
        headers: { location: `${elsewhere.server.origin}/r.git/info/refs?${query}` },
      }),
    });
    const session = site.open(join(site.root, 'r.git'), {
      authenticate: async () => ({ authorization: 'Bearer canary-1' }),
    });
    const error = await expectFailure(session.offer(), { code: 'not-found', retryable: false });
    expect(error.message).toContain(elsewhere.server.origin);
    expect(elsewhere.server.requests).toEqual([]);
  });

  test('in circles', async () => {
    const site = await serve({
      fault: ({ path, query }) => ({ status: 302, headers: { location: `${path}?${query}` } }),
    });
    await expectFailure(site.open(join(site.root, 'r.git')).offer(), { code: 'not-found' });
    expect(site.server.requests.length).toBeLessThan(10);
  });
});

describe('connections and credentials', () => {
  test('a kept-alive connection that the server closed is replaced', async () => {
    const site = await serve();
    const repo = await makeBareRepo(join(site.root, 'r.git'));
    await commit(repo, { message: 'one', ref: 'refs/heads/main' });
    const session = site.open(repo);
    await session.listRefs();
    const used = site.server.requests.length;
    site.server.options.fault = ({ connectionId }) =>
      connectionId === 1 && site.server.requests.length > used ? 'reset' : undefined;
    expect((await session.listRefs())?.refs).toHaveLength(2);
    expect(site.server.connections).toBe(2);
  });

  test('after a failure a session asks anew what the server offers', async () => {
    const site = await serve();
    const session = site.open(await makeBareRepo(join(site.root, 'r.git')));
    await session.listRefs();
    site.server.options.fault = () => ({ status: 404 });
    await expectFailure(session.listRefs(), { code: 'not-found' });
    site.server.options.fault = undefined;
    site.server.requests.length = 0;
    expect(await session.listRefs()).toMatchObject({ refs: [] });
    expect(site.server.requests.map((one) => one.method)).toEqual(['GET', 'POST']);
  });

  test('a push is never sent twice on suspicion', async () => {
    const site = await serve();
    const { from, to, main } = await pair(site);
    site.server.options.fault = at('to.git', 'reset');
    const work = relayBetween(site.open(from), site.open(to), [{ name: pr, old: undefined, new: main }]);
    await expectFailure(work, { code: 'unavailable' });
    expect(site.server.requests.filter((one) => one.method === 'POST' && one.path.includes('to.git'))).toHaveLength(1);
  });

  test('headers are asked for every request', async () => {
    const site = await serve({ auth: { tokens: ['t-1', 't-2'] } });
    const repo = await makeBareRepo(join(site.root, 'r.git'));
    let asked = 0;
    const authenticate = async () => ({ authorization: `Bearer t-${++asked}` });
    expect(await site.open(repo, { authenticate }).listRefs()).toMatchObject({ refs: [] });
    expect(asked).toBe(2);
  });

  test('a token with a line end in it is named, not shown', async () => {
    const site = await serve();
    const session = site.open(join(site.root, 'r.git'), {
      authenticate: async () => ({ authorization: 'Bearer canary\n' }),
    });
    const error = await expectFailure(session.offer(), { code: 'config' });
    expect(error.message).toContain('authorization');
    expect(error.message).not.toContain('canary');
  });

  test('a password in the URL is used, and shown nowhere', async () => {
    const site = await serve({ auth: { users: { 'a@b': 'canary:p%w' } } });
    const repo = await makeBareRepo(join(site.root, 'r.git'));
    const url = new URL(site.server.url(repo));
    url.username = 'a@b';
    url.password = 'canary:p%w';
    const session = open(url.href);
    expect(session.url).not.toContain('canary');
    expect(await session.listRefs()).toMatchObject({ refs: [] });
    site.server.options.fault = () => ({ status: 500 });
    const error = await expectFailure(session.listRefs(), { code: 'unavailable' });
    expect(`${error.message}${error.hint}${error.stack}`).not.toContain('canary');
  });

  test('ssh URLs and paths are for git itself', () => {
    for (const url of ['ssh://git@example.org/x.git', '/srv/x.git', 'git@example.org:x.git', 'file:///srv/x.git']) {
      expect(() => open(url)).toThrow(SluiceError);
    }
  });
});

interface BrokenSource {
  /** How many bytes of an answer with a pack are passed on. */
  keep(length: number): number;
  /** What is waited for before the answer ends, so that the other side has begun. */
  after(): Promise<void>;
  readonly end: 'tidy' | 'cut';
}

/** A proxy before a repository that lets every pack end too early. */
async function brokenSource(url: string, { keep, after, end }: BrokenSource): Promise<string> {
  const proxy = createHttpServer(async (request, response) => {
    const body = request.method === 'POST' ? await buffer(request) : null;
    const { 'content-type': type = '', 'git-protocol': protocol = '' } = request.headers;
    const headers = { 'content-type': type, 'git-protocol': String(protocol) };
    const answer = await fetch(url + request.url, { method: request.method ?? 'GET', headers, body });
    const bytes = Buffer.from(await answer.arrayBuffer());
    response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' });
    if (!bytes.includes('packfile\n')) return void response.end(bytes);
    response.write(bytes.subarray(0, keep(bytes.length)));
    await after().catch(() => {});
    if (end === 'tidy') response.end();
    else response.destroy();
  }).listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  onTestFinished(() => {
    proxy.close();
    proxy.closeAllConnections();
  });
  return `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
}

async function packOf(repo: string, revisions: string): Promise<Buffer> {
  const base = join(repo, 'made');
  const name = await git(['--git-dir', repo, 'pack-objects', '-q', '--revs', base], { input: revisions });
  return readFile(`${base}-${name}.pack`);
}
