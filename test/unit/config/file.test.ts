import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { findConfigFile, readConfigFile, searchPlaces } from '../../../src/core/config/file.ts';
import { parseJson, parseYaml } from '../../../src/core/config/parse.ts';
import { folder } from './folder.ts';

describe('the search for a configuration file', () => {
  test('goes upward to the home directory and no further', async () => {
    const root = folder({ 'sluice.yaml': 'a: 1', 'home/x/y/keep': '', 'home/.sluicerc': 'b: 2' });
    const home = join(root, 'home');
    expect(await findConfigFile(join(home, 'x/y'), { home })).toMatchObject({
      path: join(home, '.sluicerc'),
      value: { b: 2 },
    });
    expect(await findConfigFile(join(home, 'x/y'), { home: join(home, 'x') })).toBeUndefined();
    expect(await findConfigFile(join(home, 'x'), { home: root })).toMatchObject({ path: join(home, '.sluicerc') });
  });

  test('takes the places of one directory in their order', async () => {
    const text = (name: string): string => (name === 'package.json' ? '{"sluice":{"at":1}}' : '{"at":1}');
    for (const [at, place] of searchPlaces.entries()) {
      const cwd = folder(Object.fromEntries(searchPlaces.slice(at).map((name) => [name, text(name)])));
      expect(await findConfigFile(cwd, { home: cwd })).toMatchObject({ path: join(cwd, place), value: { at: 1 } });
    }
  });

  test('passes over a package.json without sluice, broken or empty', async () => {
    for (const manifest of ['{}', '{"sluice', '', '[]', 'null']) {
      const root = folder({ 'sluice.yaml': 'a: 1', 'in/package.json': manifest });
      expect(await findConfigFile(join(root, 'in'), { home: root })).toMatchObject({ path: join(root, 'sluice.yaml') });
    }
  });

  test('an empty file is found and holds nothing', async () => {
    const root = folder({ 'sluice.yaml': 'a: 1', 'in/sluice.yaml': '', 'comments/sluice.yaml': '# nothing\n\n' });
    for (const name of ['in', 'comments']) {
      const found = await findConfigFile(join(root, name), { home: root });
      expect(found).toMatchObject({ path: join(root, name, 'sluice.yaml'), value: undefined, syntaxError: undefined });
    }
  });

  test('executes nothing, wherever it starts', async () => {
    const trap = 'globalThis.sluiceSearchRanCode = true; module.exports = {};';
    const names = [
      '.config/config.js',
      '.config/config.cjs',
      '.sluicerc.js',
      'sluice.config.js',
      'sluice.config.mjs',
      'sluice.js',
    ];
    const root = folder(Object.fromEntries(names.map((name) => [name, trap])));
    const before = process.cwd();
    process.chdir(root);
    try {
      expect(await findConfigFile(root, { home: root })).toBeUndefined();
      // A module that was started would need some turns of the event loop.
      await new Promise((resolve) => setTimeout(resolve, 200));
    } finally {
      process.chdir(before);
    }
    expect(globalThis).not.toHaveProperty('sluiceSearchRanCode');
  });

  test("another user's file is refused; root's and one's own are not", async () => {
    const root = folder({ 'sluice.yaml': 'a: 1' });
    const uid = process.getuid?.() ?? 0;
    expect(await findConfigFile(root, { home: root, uid })).toBeDefined();
    if (uid !== 0) return;
    chownSync(join(root, 'sluice.yaml'), 4242, 4242);
    await expect(findConfigFile(root, { home: root, uid: 0 })).rejects.toMatchObject({ code: 'config' });
    expect(await findConfigFile(root, { home: root, uid: 4242 })).toBeDefined();
    expect(await findConfigFile(root, { home: root, uid: undefined })).toBeDefined();
  });
});

describe.skipIf(process.getuid?.() === 0)('as an ordinary user', () => {
  test('a file that may not be read is an error, not a file that is not there', async () => {
    const root = folder({ 'sluice.yaml': 'a: 1' });
    chmodSync(join(root, 'sluice.yaml'), 0o000);
    await expect(findConfigFile(root, { home: root })).rejects.toMatchObject({ code: 'config' });
  });
});

describe('an explicit file', () => {
  test.each([
    ['a.yaml', 'x: 1'],
    ['b.json', '{"x":1}'],
    ['c.js', 'export default { x: 1 };'],
    ['d.mjs', 'export default { x: 1 };'],
    ['e.ts', 'const x: number = 1;\nexport default { x };'],
    ['.sluicerc', 'x: 1'],
    ['.sluicerc.json', '{"x":1}'],
    ['package.json', '{"type":"module","sluice":{"x":1}}'],
  ])('%s', async (name, text) => {
    const root = folder({ 'package.json': '{"type":"module"}', [name]: text });
    expect(await readConfigFile(join(root, name))).toMatchObject({ value: { x: 1 }, syntaxError: undefined });
  });

  test('that is missing, of another form or failing is a configuration error', async () => {
    const root = folder({
      'a.toml': '',
      'b.mjs': 'throw new Error("no luck")',
      'c.mjs': 'export const a = 1;',
      'package.json': '{}',
    });
    await expect(readConfigFile(join(root, 'c.mjs'))).rejects.toMatchObject({
      message: expect.stringContaining('default export'),
    });
    await expect(readConfigFile(join(root, 'package.json'))).rejects.toMatchObject({ code: 'config' });
    await expect(readConfigFile(join(root, 'none.yaml'))).rejects.toMatchObject({
      code: 'config',
      message: expect.stringContaining('ENOENT'),
    });
    await expect(readConfigFile(join(root, 'a.toml'))).rejects.toMatchObject({ code: 'config' });
    await expect(readConfigFile(join(root, 'b.mjs'))).rejects.toMatchObject({
      code: 'config',
      message: expect.stringContaining('no luck'),
    });
  });
});

describe('parsing', () => {
  test('any text gives a value or a syntax error', async () => {
    const yamlish = fc.stringMatching(/^[\n \t:\-?[\]{},&*!|>'"%@#a0~]{0,40}$/);
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string(), yamlish), async (text) => {
        for (const { value, syntaxError } of [await parseYaml(text), await parseJson(text)]) {
          if (syntaxError !== undefined) expect(value).toBeUndefined();
        }
      }),
      { numRuns: 1000 },
    );
  });
});

describe('a file that came with the clone', () => {
  const secret = 'forges: { int: { type: github, url: "https://x.example", token: { env: TOKEN } } }';
  const dangers: Readonly<Record<string, string>> = {
    'a plugin': 'plugins: [./evil.js]',
    'a secret': secret,
    'a secret among repositories': 'repositories: [{ repo: "gh:a/b", webhook: { secrets: [{ command: [id] }] } }]',
  };

  function clone(text: string): string {
    const root = folder({ 'sluice.yaml': text });
    const git = (...args: readonly string[]) => execFileSync('git', ['-C', root, ...args], { stdio: 'ignore' });
    git('init');
    git('add', 'sluice.yaml');
    return root;
  }

  test.each(Object.entries(dangers))('is refused when it names %s, unless it is named itself', async (_, text) => {
    const root = clone(text);
    await expect(findConfigFile(root, { home: root })).rejects.toMatchObject({
      code: 'config',
      message: expect.stringContaining('came with the clone'),
      hint: expect.stringContaining(`--config ${join(root, 'sluice.yaml')}`),
    });
    expect(await readConfigFile(join(root, 'sluice.yaml'))).toMatchObject({ syntaxError: undefined });
  });

  test('may set what runs nothing and sends nothing', async () => {
    const root = clone('mirror: { batch: 7 }\nplugins: []');
    expect(await findConfigFile(root, { home: root })).toMatchObject({ value: { mirror: { batch: 7 } } });
  });

  test("is another thing than the user's own file in a clone", async () => {
    const root = clone('mirror: {}');
    execFileSync('git', ['-C', root, 'rm', '--cached', '-q', 'sluice.yaml']);
    writeFileSync(join(root, 'sluice.yaml'), secret);
    expect(await findConfigFile(root, { home: root })).toMatchObject({ path: join(root, 'sluice.yaml') });
  });

  test('is also seen from inside a hook, where git names another repository', async () => {
    const root = clone(secret);
    process.env.GIT_DIR = join(folder(), 'elsewhere');
    onTestFinished(() => {
      delete process.env.GIT_DIR;
    });
    await expect(findConfigFile(root, { home: root })).rejects.toMatchObject({ code: 'config' });
  });
});
