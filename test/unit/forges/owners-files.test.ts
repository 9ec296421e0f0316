import { describe, expect, test } from 'vitest';
import { ownedParts, parseOwnersFile } from '../../../src/core/forges/github/owners-file.ts';
import { parseOwnersFile as parseGitlabFile } from '../../../src/core/forges/gitlab/owners-file.ts';

describe('CODEOWNERS of GitHub', () => {
  /** `pattern: paths → owners`, one for each part. */
  function parts(text: string, paths: readonly string[]): readonly string[] {
    const file = parseOwnersFile(text);
    if ('problem' in file) return [file.problem];
    return ownedParts(file.lines, paths).map(({ name, paths: own, owners, required }) => {
      expect(required).toBe(1);
      return `${name}: ${own.join(' ')} → ${owners.map((owner) => Object.values(owner).join(' ')).join(', ')}`;
    });
  }

  test('of each path the last line that matches decides', () => {
    const text = ['*  @ann', '*.js @bob @acme/web-team x@y.example', '/apps/ @cy', '/apps/github', ''].join('\n');
    expect(parts(text, ['README', 'a.js', 'lib/b.js', 'apps/x.js', 'apps/github/x.js'])).toEqual([
      '*: README → login ann',
      '*.js: a.js lib/b.js → login bob, team acme/web-team, email x@y.example',
      '/apps/: apps/x.js → login cy',
    ]);
    expect(parts(text, [])).toEqual([]);
    expect(parts('/apps/ @cy', ['README'])).toEqual([]);
  });

  test('comments, empty lines, white space and line ends say nothing', () => {
    expect(parts('# all\r\n\r\n\t *.js\t@js-owner  #This is inline. @eve\r\n  # @eve', ['a.js'])).toEqual([
      '*.js: a.js → login js-owner',
    ]);
    expect(parts('*.js # @eve', ['a.js'])).toEqual([]);
    expect(parts('a\\ b/ @ann', ['a b/c'])).toEqual(['a\\ b/: a b/c → login ann']);
    expect(parts('* @octo_acme', ['x'])).toEqual(['*: x → login octo_acme']);
  });

  test.each([
    ['* ann', 'line 1', 'ann is no @user'],
    ['* @ann\n*.js @', 'line 2', '@ is no @user'],
    ['* @a/b/c', 'line 1', 'is no @user'],
    ['* @ann#later', 'line 1', 'is no @user'],
    ['* @ann,@bob', 'line 1', 'is no @user'],
    ['* a@b@c', 'line 1', 'is no @user'],
    ['[a].js @ann', 'line 1', 'has "["'],
    ['\uFEFF* @ann', 'line 1', 'cannot be seen'],
    ['* @ann\r* @bob', 'line 1', 'cannot be seen'],
    ['* @ann\u202e', 'line 1', 'cannot be seen'],
    // All of it would be a pattern, without owners.
    ['/src/\u00a0@ann', 'line 1', 'cannot be seen'],
    ['/src/\u2003@ann', 'line 1', 'cannot be seen'],
    ['/src/\u2028@ann', 'line 1', 'cannot be seen'],
  ])('%j cannot be read, and says why', (text, line, problem) => {
    const file = parseOwnersFile(text);
    expect(file).toMatchObject({ problem: expect.stringContaining(`its ${line} cannot be read`) });
    expect(file).toMatchObject({ problem: expect.stringContaining(problem) });
  });
});

describe('CODEOWNERS of GitLab', () => {
  const file = parseGitlabFile(
    [
      '# a comment',
      '*.md @ann',
      'LICENSE',
      '^[Docs]',
      'docs/ @bob',
      '[DATABASE][2] @dba',
      'db/',
      '^[Mixed] @x',
      'm/ @ann',
      '[mixed]',
      'n/',
      'with\\ space/ @ann',
      'twice',
      '[Last]',
      'twice @ann',
    ].join('\r\n'),
  );

  test('a section is optional where each of its headers says so', () => {
    const names = ['Docs', 'docs', 'Database', 'Mixed', 'Last', 'codeowners', 'absent', ''];
    expect(names.filter((name) => file.isOptional(name))).toEqual(['Docs', 'docs']);
  });

  test('a section asks for as many approvals as one of its headers says', () => {
    expect(['Docs', 'database', 'Mixed', 'Last', 'absent', ''].map((name) => file.wantedIn(name))).toEqual([
      1, 2, 1, 1, 1, 1,
    ]);
    expect(parseGitlabFile('[A][0]\n[B][]\n[C][3]\n[c] @x\n').wantedIn('C')).toBe(3);
    expect(parseGitlabFile('[A][0]\n[B][]').wantedIn('A')).toBe(1);
  });

  test('a pattern has no owner where no line and no section names one', () => {
    const patterns = ['*.md', 'LICENSE', 'docs/', 'db/', 'm/', 'n/', 'with\\ space/', 'twice', 'absent', '# a comment'];
    expect(patterns.filter((name) => file.isUnowned(name))).toEqual(['LICENSE', 'n/']);
  });
});
