import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { github } from '../../../src/core/forges/github/index.ts';
import type { CodeOwnersRole } from '../../../src/core/forges/review-roles.ts';
import type { Change } from '../../../src/core/model/change.ts';
import type { OwnedPart } from '../../../src/core/model/code-owners.ts';
import { Secret } from '../../../src/core/secret.ts';
import type { Fault } from '../../support/fake-forge/faults.ts';
import { startFakeGithub } from '../../support/fake-forge/github.ts';
import type { FakeForge } from '../../support/fake-forge/server.ts';
import type { NewChange } from '../../support/fake-forge/state.ts';
import { commit, resolve, setRef } from '../../support/git-repo.ts';
import { parseDescription } from '../../support/openapi/description.ts';

const repo = 'acme/app';

interface Opened {
  readonly fake: FakeForge;
  readonly gitDir: string;
  /** As it is in `FakeChange`, for another branch or commit. */
  add(more?: Partial<NewChange>): Promise<Change>;
  list(change: Change, sha?: string): Promise<readonly OwnedPart[] | undefined>;
}

/** Every request and answer is also held against GitHub's own description. */
async function open(): Promise<Opened> {
  const text = await readFile(join(import.meta.dirname, '../../support/openapi/github.json'), 'utf8');
  const fake = await startFakeGithub({ pageSize: 100 });
  const description = parseDescription(text, { apiPath: '/api/v3' });
  onTestFinished(async () => {
    await fake.close();
    expect(fake.requests.flatMap((request) => description.violations(request))).toEqual([]);
  });
  const { gitDir } = await fake.state.addRepository(repo);
  const { webUrl, apiUrl, token } = fake;
  const http = { env: {}, maxRetries: 0 };
  const forge = github.create({ alias: 'gh', webUrl, apiUrl, token: new Secret(token) }, http);
  const role = forge.codeOwners as CodeOwnersRole;
  return {
    fake,
    gitDir,
    async add(more = {}) {
      const { head, base, ...change } = await fake.state.addChange({ repo, branch: 'fix', ...more });
      return { ...change, url: '', internal: true, head, base };
    },
    list: (change, sha = change.head.sha ?? '') => role.list(repo, change, sha),
  };
}

function told(parts: readonly OwnedPart[] | undefined): readonly string[] | undefined {
  return parts?.map(({ name, paths, owners }) => `${name} (${paths.join(' ')}) ${owners.map((one) => one.kind)}`);
}

const places = ['.github/CODEOWNERS', 'CODEOWNERS', 'docs/CODEOWNERS'] as const;

describe('code owners of GitHub', () => {
  test('come from the first of three places, with what the change brings under old and new names', async () => {
    const { fake, add, list } = await open();
    const letter = 'the same text\n'.repeat(20);
    await fake.state.pushBase(repo, { 'old/a.txt': letter, 'src/b.txt': 'b' });
    const files = { 'old/a.txt': null, 'new/a.txt': letter, 'src/b.txt': null, 'top.txt': 'x' };
    const change = await add({ files });
    await expect(list(change)).resolves.toBeUndefined();
    for (const [at, place] of places.toReversed().entries()) {
      await fake.state.pushBase(repo, { [place]: `old/ @p${at}\nnew/ @acme/new\nsrc/ a@b.example\n${place} @eve\n` });
      expect(told(await list(change))).toEqual([
        'new/ (new/a.txt) team',
        'old/ (old/a.txt) login',
        'src/ (src/b.txt) email',
      ]);
      expect((await list(change))?.[1]?.owners).toEqual([{ kind: 'login', login: `p${at}` }]);
    }
  });

  test('are those of the base branch of now, of what the commit brings to it and nothing else', async () => {
    const { fake, add, list } = await open();
    await fake.state.pushBase(repo, { CODEOWNERS: '* @ann\n' });
    const change = await add({ files: { CODEOWNERS: '', 'src/a.ts': 'a' } });
    await fake.state.pushBase(repo, { 'base.ts': 'of the base alone', CODEOWNERS: 'src/ @bob\n*.md @cy\n' });
    expect(told(await list(change))).toEqual(['src/ (src/a.ts) login']);
    const { head } = await fake.state.pushChange(repo, change.number, { files: { 'x.md': 'x' } });
    expect(told(await list(change, head.sha))).toEqual(['src/ (src/a.ts) login', '*.md (x.md) login']);
    expect(told(await list(change))).toEqual(['src/ (src/a.ts) login']);
  });

  test('no tag can stand for the base branch', async () => {
    const { fake, gitDir, add, list } = await open();
    await fake.state.pushBase(repo, { CODEOWNERS: '* @ann\n' });
    const change = await add();
    const evil = await commit(gitDir, { message: 'evil', files: { CODEOWNERS: '# nobody\n' } });
    for (const name of ['main', 'heads/main', 'refs/heads/main']) await setRef(gitDir, `refs/tags/${name}`, evil);
    expect(told(await list(change))).toEqual(['* (changes/1.txt) login']);
    for (const name of ['main', 'refs/heads/main']) {
      await setRef(gitDir, `refs/tags/${name}`, change.head.sha ?? '');
    }
    expect(told(await list(change))).toEqual(['* (changes/1.txt) login']);
  });

  test.each([
    'a/b',
    'a#b',
    'a%2Fb',
    '%2e%2e/x',
    'ä+b&c=d',
    'a;b',
    'a\'b"c',
    '$(x)`y`',
    'heads/main',
    'refs/heads/main',
  ])('of a base branch that is called %s', async (branch) => {
    const { fake, gitDir, add, list } = await open();
    const change = await add();
    const tip = await resolve(gitDir, 'main');
    await setRef(gitDir, 'refs/heads/main', tip);
    const parent = await fake.state.pushBase(repo, { CODEOWNERS: '* @ann\n' });
    await setRef(gitDir, `refs/heads/${branch}`, parent);
    await setRef(gitDir, 'refs/heads/main', tip);
    const into = (name: string): Change => ({ ...change, base: { ...change.base, branch: name } });
    expect(told(await list(into(branch)))).toEqual(['* (changes/1.txt) login']);
    await expect(list(into('main'))).resolves.toBeUndefined();
  });

  test('a base branch that is gone is a failure, and not a file that is not there', async () => {
    const { add, list } = await open();
    const change = await add();
    const gone = list({ ...change, base: { ...change.base, branch: 'gone' } });
    await expect(gone).rejects.toMatchObject({ code: 'not-found', hint: expect.stringContaining('Contents: read') });
  });

  test('300 files are too many to be all of them', async () => {
    const { fake, add, list } = await open();
    await fake.state.pushBase(repo, { CODEOWNERS: 'z/ @ann\n' });
    const files = Object.fromEntries(Array.from({ length: 299 }, (_, at) => [`f/${at}`, `${at}`]));
    const few = await add({ files });
    await expect(list(few)).resolves.toEqual([]);
    const { head } = await fake.state.pushChange(repo, few.number, { files: { 'z/last': 'z' } });
    await expect(list(few, head.sha)).rejects.toMatchObject({
      message: expect.stringContaining('GitHub shows no more than 300 of them'),
    });
  });

  test.each<[string, string | Uint8Array, string]>([
    ['a line that cannot be read', '* @ann\n!x @bob\n', 'its line 2 cannot be read'],
    ['more than GitHub gives', `# ${'x'.repeat(1024 * 1024)}\n* @ann\n`, 'larger than 1 MB'],
  ])('%s is a failure that names the file', async (_, text, words) => {
    const { fake, add, list } = await open();
    await fake.state.pushBase(repo, { 'docs/CODEOWNERS': text });
    const failed = list(await add());
    await expect(failed).rejects.toMatchObject({ code: 'unavailable', message: expect.stringContaining(words) });
    await expect(failed).rejects.toMatchObject({ message: expect.stringContaining('docs/CODEOWNERS of acme/app') });
  });

  test.each(['"src/caf\\351.txt"', 'src/caf\uFFFD.txt'])('a file of which it tells the name %s', async (filename) => {
    const { fake, gitDir, add, list } = await open();
    await fake.state.pushBase(repo, { CODEOWNERS: '/src/ @ann\n' });
    const change = await add();
    const tip = await resolve(gitDir, 'refs/heads/main');
    const body = { base_commit: { sha: tip }, files: [{ filename: 'x', previous_filename: filename }] };
    fake.fail({ path: /compare/, fault: { kind: 'answer', status: 200, body } });
    await expect(list(change)).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining(`the name of ${filename} is not told byte for byte`),
    });
  });

  test('a team of another organization is no owner', async () => {
    const { fake, add, list } = await open();
    const change = await add();
    await fake.state.pushBase(repo, { CODEOWNERS: '* @ACME/web\ndocs/ @acmex/web\n' });
    expect(told(await list(change))).toEqual(['* (changes/1.txt) team']);
    await fake.state.pushBase(repo, { CODEOWNERS: '* @ann @acmex/web\n' });
    await expect(list(change)).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('CODEOWNERS of acme/app: @acmex/web is a team of another organization'),
    });
  });

  const file = (more: object) => ({ type: 'file', encoding: 'base64', size: 7, content: 'KiBAYW5u', ...more });
  const answer = (body: unknown): Fault => ({ kind: 'answer', status: 200, body });
  test.each<[string, RegExp, Fault]>([
    ['a directory', /contents/, answer([])],
    ['a symbolic link', /contents/, answer(file({ type: 'symlink', target: 'x' }))],
    ['less than the whole file', /contents/, answer(file({}))],
    ['what is no UTF-8', /contents/, answer(file({ size: 1, content: '/w==' }))],
    [
      'another branch',
      /git\/ref/,
      answer({ ref: 'refs/heads/mainx', object: { type: 'commit', sha: '1'.repeat(40) } }),
    ],
    ['a tag', /git\/ref/, answer({ ref: 'refs/heads/main', object: { type: 'tag', sha: '1'.repeat(40) } })],
    ['another comparison', /compare/, answer({ base_commit: { sha: '1'.repeat(40) }, files: [] })],
    ['a comparison without files', /compare/, answer({ base_commit: { sha: '1'.repeat(40) } })],
  ])('%s in place of what was asked for is a failure', async (_, path, fault) => {
    const { fake, add, list } = await open();
    await fake.state.pushBase(repo, { CODEOWNERS: '* @ann\n' });
    const change = await add();
    fake.fail({ path, fault });
    await expect(list(change)).rejects.toMatchObject({ code: 'unavailable' });
  });

  test('a credential without the right is told which one', async () => {
    const { fake, add, list } = await open();
    const change = await add();
    fake.fail({ path: /compare/, fault: { kind: 'answer', status: 403, body: { message: 'not accessible' } } });
    await expect(list(change)).rejects.toMatchObject({
      code: 'denied',
      hint: expect.stringContaining('Contents: read'),
    });
  });
});
