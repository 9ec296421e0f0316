import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { expectWhole } from '../contract/transfers/scene.ts';
import { expectDone, main, openSite, type Site, throughGit } from '../e2e/mirror-scene.ts';
import type { Fault, ServedRequest } from '../support/git-http-server.ts';
import { commit } from '../support/git-repo.ts';

const ways = [
  { way: 'in process', env: {} },
  { way: 'through git', env: throughGit },
];

type Where = (request: ServedRequest) => boolean;
const listing: Where = ({ path }) => path.includes('from.git');
const pack: Where = ({ path, method, bytesUp }) =>
  method === 'POST' && path.includes('from.git/git-upload-pack') && bytesUp === 0;
// git sends a bare flush packet before a large pack, to see whether it is let in (remote-curl.c, probe_rpc).
const push: Where = ({ method, service, headers }) =>
  method === 'POST' && service === 'git-receive-pack' && headers['content-length'] !== '4';

// Past what git keeps in memory (http.postBuffer): up to there libcurl sends a broken request again by itself.
const late = 2_000_000;

/** The fault for the first `times` requests that match. */
function faulty(site: Site, where: Where, fault: Fault, times = Number.POSITIVE_INFINITY): void {
  let left = times;
  site.server.options.fault = (request) => {
    if (left === 0 || !where(request)) return undefined;
    left -= 1;
    return fault;
  };
}

/** A destination that has the base, and a source with 3 MB more that no compression makes small. */
async function openBig(): Promise<Site & { readonly args: readonly string[]; readonly tip: string }> {
  const site = await openSite();
  const args = [site.server.url(site.from), site.server.url(site.to)];
  await site.mirror(args);
  const tip = await commit(site.from, {
    parent: site.commits[2],
    message: 'big',
    files: { big: randomBytes(3_000_000) },
    ref: main,
  });
  site.server.requests.splice(0);
  return { ...site, args, tip };
}

describe.each(ways)('$way', ({ env }) => {
  test('500 and then an answer: tried again, with a warning', async () => {
    const site = await openSite();
    faulty(site, listing, { status: 500 }, 1);
    const mirrored = await site.mirror([site.server.url(site.from), site.server.url(site.to)], { env });
    expect([mirrored.status, mirrored.statuses]).toEqual([0, { [main]: 'created' }]);
    expect(mirrored.stderr).toMatch(/^warning: .*500.*; trying again in 1 s\n$/);
  });

  test('500 for ever: status 69 after the retries, and no more', async () => {
    const site = await openSite();
    faulty(site, push, { status: 500 });
    const { status, error } = await site.mirror([site.from, site.server.url(site.to), '--retries', '1'], { env });
    expect([status, error.code]).toEqual([69, 'unavailable']);
    expect(site.server.requests.filter(push)).toHaveLength(2);
    expect(await site.refsOf(site.to)).toEqual({});
  });

  test.each([
    [401, 77, 'denied'],
    [403, 77, 'denied'],
    [404, 69, 'not-found'],
    [429, 75, 'rate-limited'],
    [503, 69, 'unavailable'],
  ])('%i when reading is status %i', async (answer, exit, code) => {
    const site = await openSite();
    faulty(site, listing, { status: answer, body: 'no\n' });
    const args = [site.server.url(site.from), site.server.url(site.to), '--retries', '0'];
    const { status, error } = await site.mirror(args, { env });
    expect([status, error.code]).toEqual([exit, code]);
    expect(error.hint).toMatch(/\w/);
  });

  test.each([
    [401, 77],
    [403, 77],
    [404, 69],
    [429, 75],
  ])('%i when pushing is status %i, and nothing is repeated', async (answer, exit) => {
    const site = await openSite();
    faulty(site, ({ service }) => service === 'git-receive-pack', {
      status: answer,
      headers: { 'retry-after': '3600' },
    });
    const { status } = await site.mirror(
      [site.from, site.server.url(site.to), '--retries', answer === 429 ? '0' : '3'],
      { env },
    );
    expect(status).toBe(exit);
    expect(await site.refsOf(site.to)).toEqual({});
  });

  test.each([
    ['the source, in the middle of its pack', pack, { cutAfterBytes: 200_000 }],
    ['the source, with a reset', pack, 'reset'],
    ['the destination, in the middle of the upload', push, { cutUploadAfterBytes: late }],
    ['the destination, with a reset', push, 'reset'],
  ] as const)(
    'a connection cut by %s: the destination stays as it was, and the next run succeeds',
    async (_what, where, fault) => {
      const site = await openBig();
      faulty(site, where, fault);
      const cut = await site.mirror([...site.args, '--retries', '0'], { env });
      expect([cut.status, cut.error.code]).toEqual([69, 'unavailable']);
      expect(await site.refsOf(site.to)).toEqual({ [main]: site.commits[2] });
      await expectWhole(site.to);
      site.server.options.fault = undefined;
      await expectDone(site, await site.mirror(site.args, { env }), { [main]: 'updated' });
      expect(await site.refsOf(site.to)).toEqual({ [main]: site.tip });
      await expectWhole(site.to);
    },
  );

  test('a connection cut once in the middle of the upload: tried again', async () => {
    const site = await openBig();
    faulty(site, push, { cutUploadAfterBytes: late }, 1);
    const mirrored = await site.mirror(site.args, { env });
    expect([mirrored.status, mirrored.statuses]).toEqual([0, { [main]: 'updated' }]);
    expect(mirrored.stderr).toContain('trying again in 1 s');
    await expectWhole(site.to);
  });

  test('an answer that is lost after the push landed: reported as done, sent once', async () => {
    const site = await openBig();
    faulty(site, push, { cutAfterBytes: 0 }, 1);
    const mirrored = await site.mirror(site.args, { env });
    expect([mirrored.status, mirrored.statuses]).toEqual([0, { [main]: 'updated' }]);
    expect(site.server.requests.filter(push)).toHaveLength(1);
    expect(await site.refsOf(site.to)).toEqual({ [main]: site.tip });
  });

  test('a push whose answer is lost for good is no success', async () => {
    const site = await openBig();
    faulty(site, push, { cutUploadAfterBytes: late });
    const { status, error } = await site.mirror([...site.args, '--retries', '1'], { env });
    expect([status, error.code]).toEqual([69, 'unavailable']);
    expect(site.server.requests.filter(push)).toHaveLength(2);
    expect(await site.refsOf(site.to)).toEqual({ [main]: site.commits[2] });
  });
});

test('Retry-After is waited for when it is short', async () => {
  const site = await openSite();
  faulty(site, listing, { status: 429, headers: { 'retry-after': '2' } }, 1);
  const begun = performance.now();
  const mirrored = await site.mirror([site.server.url(site.from), site.to]);
  expect([mirrored.status, mirrored.statuses]).toEqual([0, { [main]: 'created' }]);
  expect(performance.now() - begun).toBeGreaterThan(2000);
  expect(mirrored.stderr).toContain('trying again in 2 s');
});

test('a server that is not there', async () => {
  const site = await openSite();
  const url = site.server.url(site.from);
  await site.server.close();
  const { status, error } = await site.mirror([url, site.to, '--retries', '0']);
  expect([status, error.code, error.message]).toEqual([69, 'unavailable', expect.stringContaining('ECONNREFUSED')]);
});

test('a web page instead of a repository', async () => {
  const site = await openSite();
  faulty(site, listing, { status: 200, headers: { 'content-type': 'text/html' }, body: '<html>\nsign in\n</html>\n' });
  const { status } = await site.mirror([site.server.url(site.from), site.to, '--retries', '0']);
  expect(status).toBe(69);
});
