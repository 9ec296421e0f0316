import { readdir, writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { addNote } from '../../src/core/git/note.ts';
import { mostPublishedBytes } from '../../src/core/git/published-text.ts';
import { rememberSecret } from '../../src/core/secret.ts';
import { git, refs, resolve } from '../support/git-repo.ts';
import { allNotes, by, expectWhole, fillNotes, noteOf, notesRef, openSite, resultOf } from './poll-results-site.ts';
import { addHook } from './transfers/scene.ts';

describe.each(['http', 'file'] as const)('a note (%s)', (via) => {
  test('is the first of a remote, is replaced, and is not written twice', async () => {
    const site = await openSite({ via });
    const note = (text: string) =>
      addNote(site.context, site.endpoint, { ...by, format: 'sha1', commit: site.tip, text });
    const first = await note('success\n');
    expect((await refs(site.remote)).get(notesRef)).toBe(first.notes);
    expect(await noteOf(site, site.tip)).toBe('success');
    expect(await git(['--git-dir', site.remote, 'log', '--format=%an <%ae> %at', notesRef])).toBe(
      'Sluice CI <ci@example.org> 1704067200',
    );
    site.server.requests.length = 0;
    expect(await note('success')).toEqual(first);
    expect(site.pushes()).toEqual([]);
    const second = await note('failure');
    expect(await noteOf(site, site.tip)).toBe('failure');
    expect(await resolve(site.remote, `${second.notes}^`)).toBe(first.notes);
    await expectWhole(site);
  });

  test('leaves 5,000 others and things that are no notes where they are, and uploads only itself', async () => {
    const site = await openSite({ via });
    const before = await fillNotes(site, 5_000);
    await addNote(site.context, site.endpoint, { ...by, format: 'sha1', commit: site.tip, text: 'new' });
    const after = await allNotes(site);
    expect(after.delete(site.tip)).toBe(true);
    expect(after).toEqual(before);
    expect(await git(['--git-dir', site.remote, 'show', `${notesRef}:README`])).toBe('no note');
    if (via === 'http') expect(site.uploaded()).toBeLessThan(20_000);
    await expectWhole(site);
  });

  test('of two writers at once: both survive', async () => {
    const site = await openSite({ via });
    const commits = [site.tip, await resolve(site.remote, 'main~1')];
    await Promise.all(
      commits.map((one) => addNote(site.context, site.endpoint, { ...by, format: 'sha1', commit: one, text: one })),
    );
    for (const one of commits) expect(await noteOf(site, one)).toBe(one);
    await expectWhole(site);
  });
});

describe('a note', () => {
  test.each([40, 70, 100, 250, 300])(
    'arrives where %d others are: git changes the fan-out at some of these',
    async (count) => {
      const site = await openSite();
      const before = await fillNotes(site, count);
      for (const [at, one] of ['main', 'main~1', 'main~2'].entries()) {
        const noted = await resolve(site.remote, one);
        await addNote(site.context, site.endpoint, { ...by, format: 'sha1', commit: noted, text: `${at}` });
      }
      expect((await allNotes(site)).size).toBe(before.size + 3);
      await expectWhole(site);
    },
  );

  test('that makes git change the fan-out uploads no other note', async () => {
    const site = await openSite();
    const before = await fillNotes(site, 2_000, { flat: true });
    await addNote(site.context, site.endpoint, { ...by, format: 'sha1', commit: site.tip, text: 'new' });
    expect(await git(['--git-dir', site.remote, 'ls-tree', '--name-only', notesRef])).toMatch(/^[0-9a-f]{2}$/m);
    const after = await allNotes(site);
    expect(after.delete(site.tip)).toBe(true);
    expect(after).toEqual(before);
    // The trees are new, the blobs are not: those are incompressible and 200 bytes each.
    expect(site.uploaded()).toBeLessThan(2_000 * 80);
    await expectWhole(site);
  });

  test.each([
    ['SHA-256', { objectFormat: 'sha256' }],
    ['a remote that ignores filters', { allowFilter: false }],
  ] as const)('works with %s', async (_name, options) => {
    const site = await openSite({ repo: options });
    await fillNotes(site, 300);
    await addNote(site.context, site.endpoint, { ...by, format: site.format, commit: site.tip, text: 'fine' });
    expect(await noteOf(site, site.tip)).toBe('fine');
    await expectWhole(site);
  });

  test.each(['GET', 'POST'])(
    'starts again when another writer was faster, seen at the %s of the push',
    async (method) => {
      const site = await openSite();
      const other = await resolve(site.remote, 'main~1');
      let raced = 0;
      site.server.options.fault = async (request) => {
        if (request.service !== 'git-receive-pack' || request.method !== method || raced === 2) return undefined;
        raced += 1;
        await git(['--git-dir', site.remote, 'notes', `--ref=${notesRef}`, 'add', '-f', '-m', `race ${raced}`, other]);
        return undefined;
      };
      await addNote(site.context, site.endpoint, { ...by, format: 'sha1', commit: site.tip, text: 'mine' });
      expect([await noteOf(site, site.tip), await noteOf(site, other)]).toEqual(['mine', 'race 2']);
      await expectWhole(site);
    },
  );

  test('gives up as unavailable when others are always faster', async () => {
    const site = await openSite();
    const other = await resolve(site.remote, 'main~1');
    let raced = 0;
    site.server.options.fault = async (request) => {
      if (request.service !== 'git-receive-pack' || request.method !== 'POST') return undefined;
      raced += 1;
      await git(['--git-dir', site.remote, 'notes', `--ref=${notesRef}`, 'add', '-f', '-m', `race ${raced}`, other]);
      return undefined;
    };
    const note = addNote(site.context, site.endpoint, { ...by, format: 'sha1', commit: site.tip, text: 'mine' });
    await expect(note).rejects.toMatchObject({ name: 'SluiceError', code: 'unavailable' });
    await expectWhole(site);
  });

  test('whose answer is cut off is found to be there the next time', async () => {
    const site = await openSite();
    const request = { ...by, format: 'sha1', commit: site.tip, text: 'mine' } as const;
    site.server.options.fault = ({ service, method }) =>
      service === 'git-receive-pack' && method === 'POST' ? { cutAfterBytes: 0 } : undefined;
    await expect(addNote(site.context, site.endpoint, request)).rejects.toMatchObject({ code: 'unavailable' });
    site.server.options.fault = undefined;
    const pushed = site.pushes().length;
    const { notes } = await addNote(site.context, site.endpoint, request);
    expect((await refs(site.remote)).get(notesRef)).toBe(notes);
    expect(site.pushes()).toHaveLength(pushed);
  });

  test('is unavailable, not denied, while a lock lies on the ref', async () => {
    const site = await openSite();
    await addNote(site.context, site.endpoint, { ...by, format: 'sha1', commit: site.tip, text: 'old' });
    await writeFile(`${site.remote}/${notesRef}.lock`, '');
    const note = addNote(site.context, site.endpoint, { ...by, format: 'sha1', commit: site.tip, text: 'new' });
    await expect(note).rejects.toMatchObject({ code: 'unavailable' });
    expect(await noteOf(site, site.tip)).toBe('old');
  });

  test('that a hook refuses is denied with its words', async () => {
    const site = await openSite();
    await addHook(site.remote, 'pre-receive', 'echo "only release managers write notes" >&2; exit 1');
    const note = addNote(site.context, site.endpoint, { ...by, format: 'sha1', commit: site.tip, text: 'mine' });
    await expect(note).rejects.toMatchObject({
      code: 'denied',
      message: expect.stringMatching(/pre-receive hook declined.*only release managers write notes/),
    });
    await expectWhole(site);
  });

  test('without the right to push is denied', async () => {
    const site = await openSite();
    site.server.options.auth = { users: { ci: 'never-used' }, anonymousRead: true };
    const note = addNote(site.context, site.endpoint, { ...by, format: 'sha1', commit: site.tip, text: 'mine' });
    await expect(note).rejects.toMatchObject({ name: 'SluiceError', code: 'denied' });
  });

  test('runs no hook of the user, and takes neither repository nor author from the environment', async () => {
    const site = await openSite();
    const own = `${site.root}/own`;
    await git(['init', '-q', own]);
    for (const hook of ['reference-transaction', 'pre-push', 'post-commit']) {
      await writeFile(`${own}/.git/hooks/${hook}`, `#!/bin/sh\ntouch ${own}/ran\nexit 1\n`, { mode: 0o755 });
    }
    await git(['config', '--file', `${site.root}/.gitconfig`, 'core.hooksPath', `${own}/.git/hooks`]);
    const user = {
      GIT_CONFIG_GLOBAL: `${site.root}/.gitconfig`,
      GIT_DIR: `${own}/.git`,
      GIT_NOTES_REF: 'refs/notes/own',
    };
    const context = { ...site.context, env: { ...site.context.env, ...user } };
    await addNote(context, site.endpoint, { ...by, format: 'sha1', commit: site.tip, text: 'mine' });
    expect(await resultOf({ ...site, context })).toMatchObject({ kind: 'pushed' });
    expect(await noteOf(site, site.tip)).toBe('mine');
    expect(await refs(`${own}/.git`)).toEqual(new Map());
    expect(await readdir(own)).toEqual(['.git']);
  });

  test('holds no control character, no secret and at most 64 KB', async () => {
    const site = await openSite();
    rememberSecret('hunter2-hunter2');
    const text = `\u0000\u001b[31mred\u001b[0m hunter2-hunter2\r\n${'\u{1F600}\n'.repeat(300_000)}`;
    await addNote(site.context, site.endpoint, { ...by, format: 'sha1', commit: site.tip, text });
    const note = await noteOf(site, site.tip);
    expect(note).toMatch(/^red \[secret\]\n\u{1F600}\n[\s\S]*\n\[cut\]$/u);
    expect(note).not.toContain('\uFFFD');
    expect(Buffer.byteLength(note)).toBeLessThan(mostPublishedBytes);
    expect(Buffer.byteLength(note)).toBeGreaterThan(mostPublishedBytes - 10);
  });

  test.each(['refs/notes/a b', 'refs/notes/*', 'refs/notes/x:refs/heads/main', 'sluice'])(
    'has no ref %s',
    async (ref) => {
      const site = await openSite();
      const request = { ...by, format: 'sha1', commit: site.tip, text: 'x', ref } as const;
      await expect(addNote(site.context, site.endpoint, request)).rejects.toMatchObject({ code: 'usage' });
      expect(site.server.requests).toEqual([]);
    },
  );
});
