import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileOwnersPattern } from '../../../src/core/forges/github/owners-pattern.ts';
import { git, runGit } from '../../support/run-git.ts';
import { testDir } from '../../support/temp-dir.ts';

function matches(pattern: string, path: string): boolean {
  const test = compileOwnersPattern(pattern);
  if (typeof test === 'function') return test(path.split('/'));
  throw new Error(`${pattern} ${test.problem}`);
}

describe('a pattern of CODEOWNERS', () => {
  test.each<[pattern: string, yes: readonly string[], no: readonly string[]]>([
    ['*', ['a', 'a/b', '.hidden'], []],
    ['**', ['a', 'a/b/c'], []],
    ['*.js', ['a.js', 'x/y/a.js', 'x.js/y'], ['a.jsx', 'js']],
    ['/build/logs/', ['build/logs/a', 'build/logs/a/b'], ['build/logs', 'x/build/logs/a']],
    // The one place in which GitHub's own page differs from .gitignore.
    ['docs/*', ['docs/getting-started.md', 'docs/.x'], ['docs/build-app/troubleshooting.md', 'docs', 'x/docs/a']],
    ['/*', ['a', '.x'], ['a/b']],
    ['docs/*/', ['docs/a/b', 'docs/a/b/c'], ['docs/a']],
    ['docs/**/*', ['docs/a', 'docs/a/b'], ['docs']],
    ['apps/', ['apps/a', 'x/apps/a', 'x/apps/a/b'], ['apps', 'x/apps']],
    ['**/logs', ['logs', 'build/logs/a', 'deeply/nested/logs'], ['logs.txt', 'build/xlogs']],
    ['/apps/github', ['apps/github', 'apps/github/a'], ['x/apps/github', 'apps/githubx']],
    ['foo/bar', ['foo/bar', 'foo/bar/a'], ['x/foo/bar']],
    ['foo/**', ['foo/a', 'foo/a/b'], ['foo', 'x/foo/a']],
    ['foo/**/bar', ['foo/bar', 'foo/x/y/bar', 'foo/bar/z'], ['foo/xbar']],
    ['foo/**/', ['foo/a/b'], ['foo', 'foo/a']],
    ['f?o', ['foo', 'fxo/a'], ['fo', 'f/o', 'fooo']],
    ['a**b', ['ab', 'axxb'], ['a/b']],
    ['aa*aa', ['aaaa', 'aaxaa/y'], ['aaa', 'aa']],
    ['\\aa?\\*', ['aab*'], ['aa*', 'aabc']],
    ['f\\*o', ['f*o'], ['foo']],
    ['with\\ space/', ['with space/a'], ['with']],
    ['\\!x', ['!x'], ['x']],
    ['Makefile', ['Makefile'], ['makefile']],
    ['a.c', ['a.c'], ['abc']],
    ['(x)+{y}|$', ['(x)+{y}|$'], ['x']],
    ['é?', ['éa', 'é😀'], ['é']],
  ])('%s', (pattern, yes, no) => {
    expect(yes.filter((path) => !matches(pattern, path))).toEqual([]);
    expect(no.filter((path) => matches(pattern, path))).toEqual([]);
  });

  test.each([
    ['!x'],
    ['[ab].js'],
    ['app/[id]/x'],
    ['\\#x'],
    ['x#y'],
    ['/'],
    ['//'],
    ['a//b'],
    ['a//'],
    ['./a'],
    ['a/../b'],
    ['a/..'],
    ['a\\/b'],
    ['a\\'],
    ['a\\\\\\'],
    ['***'],
  ])('%s is one that GitHub does not explain', (pattern) => {
    expect(compileOwnersPattern(pattern)).toMatchObject({ problem: expect.stringMatching(/^(?:has|begins with) /) });
  });

  test('means what git ignores by it, but for the difference that GitHub explains', { timeout: 120_000 }, async () => {
    const dir = await testDir();
    await git(['init', '-q', dir]);
    const names = ['a', 'b', 'ab', 'aab', 'cxd'];
    const two = names.flatMap((one) => names.map((name) => `${one}/${name}`));
    const paths = [...names, ...two, ...two.flatMap((one) => names.map((name) => `${one}/${name}`))];
    const ignored = async (pattern: string): Promise<readonly string[]> => {
      await writeFile(join(dir, '.git/info/exclude'), `${pattern}\n`);
      const input = paths.join('\0');
      const { stdout } = await runGit(['-C', dir, 'check-ignore', '--no-index', '-z', '--stdin'], { input });
      return stdout.split('\0').filter((path) => path !== '');
    };
    const name = fc.constantFrom('a', 'b', 'ab', '*', '**', 'a*', '*b', '?', 'a?', '*a*b', 'c*d', 'a**b', '\\a');
    const pattern = fc
      .tuple(fc.constantFrom('', '/'), fc.array(name, { minLength: 1, maxLength: 4 }), fc.constantFrom('', '/'))
      .map(([first, parts, last]) => `${first}${parts.join('/')}${last}`)
      .filter((text) => !text.endsWith('/*'));
    await fc.assert(
      fc.asyncProperty(pattern, async (text) => {
        expect(paths.filter((path) => matches(text, path))).toEqual(await ignored(text));
      }),
      { numRuns: 150 },
    );
  });

  test('that is hostile is not slow', () => {
    const letters = `${'a'.repeat(4000)}b`;
    expect(matches(`${'a*'.repeat(2000)}c`, letters)).toBe(false);
    expect(matches(`${'*?'.repeat(1000)}`, letters)).toBe(true);
    const deep = 'a/'.repeat(1000);
    expect(matches(`${'**/a/'.repeat(300)}b`, `${deep}c`)).toBe(false);
  });
});
