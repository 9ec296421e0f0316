import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SluiceError } from '../../../src/core/errors.ts';
import { displayAddress, parseAddress } from '../../../src/core/model/repo.ts';

const scope = { aliases: ['github', 'gitlab', 'gh', 'lab'], cwd: '/home/ann/src', home: '/home/ann' };

function refusal(text: string): SluiceError {
  try {
    parseAddress(text, scope);
  } catch (error) {
    if (error instanceof SluiceError) return error;
    throw error;
  }
  throw new Error(`${text} was accepted`);
}

test.each([
  'https://0123456789abcdef0123456789abcdef01234567@git.example.org/acme/app.git',
  'https://git.example.org/acme/app.git?private_token=abcdefghijklmnop',
  'https://git.example.org/acme/app.git#x',
])('%s could hold a credential and is refused without repeating it', (text) => {
  const error = refusal(text);
  expect(error.code).toBe('usage');
  expect(`${error.message} ${error.hint}`).not.toMatch(/0123456789abcdef|abcdefghijklmnop/);
});

describe('a repository argument', () => {
  test.each([
    ['gh:acme/app', { kind: 'forge', alias: 'gh', path: 'acme/app' }],
    ['gh:acme/app.git', { kind: 'forge', alias: 'gh', path: 'acme/app' }],
    ['lab:group/sub/app/', { kind: 'forge', alias: 'lab', path: 'group/sub/app' }],
    ['lab:~ann/app', { kind: 'forge', alias: 'lab', path: '~ann/app' }],
    ['https://git.example.org/acme/app.git', { kind: 'url', url: 'https://git.example.org/acme/app.git' }],
    ['https://ann@git.example.org/acme/app', { kind: 'url', url: 'https://ann@git.example.org/acme/app' }],
    ['ssh://git@example.org:2222/acme/app', { kind: 'url', url: 'ssh://git@example.org:2222/acme/app' }],
    ['file:///srv/git/app.git', { kind: 'url', url: 'file:///srv/git/app.git' }],
    ['git@example.org:acme/app.git', { kind: 'url', url: 'git@example.org:acme/app.git' }],
    ['git.example.org:acme/app', { kind: 'url', url: 'git.example.org:acme/app' }],
    ['git@[::1]:acme/app', { kind: 'url', url: 'git@[::1]:acme/app' }],
    ['./clone', { kind: 'path', path: '/home/ann/src/clone' }],
    ['../x', { kind: 'path', path: '/home/ann/x' }],
    ['/srv/git/app.git', { kind: 'path', path: '/srv/git/app.git' }],
    ['~/app', { kind: 'path', path: '/home/ann/app' }],
    ['~', { kind: 'path', path: '/home/ann' }],
    ['./a:b', { kind: 'path', path: '/home/ann/src/a:b' }],
    ['dir/a:b', { kind: 'path', path: '/home/ann/src/dir/a:b' }],
    ['acme/app', { kind: 'path', path: '/home/ann/src/acme/app' }],
  ])('%s', (text, expected) => {
    const address = parseAddress(text, scope);
    expect(address).toEqual(expected);
    expect(parseAddress(displayAddress(address), scope)).toEqual(address);
  });

  test('a pattern is allowed only where asked for', () => {
    expect(parseAddress('gh:acme/*', { ...scope, pattern: true })).toEqual({
      kind: 'forge',
      alias: 'gh',
      path: 'acme/*',
    });
    expect(refusal('gh:acme/*').code).toBe('usage');
  });

  test.each([
    '',
    '  ',
    '-x',
    '--upload-pack=touch /tmp/x',
    'ext::sh -c id',
    'fd::7',
    'svn://example.org/x',
    'javascript://x/y',
    'https://',
    'https://example.org/',
    'ssh://-oProxyCommand=id/x',
    'git@-oProxyCommand=id:x',
    'a\nb',
    'gh:',
    'gh:app',
    'gh:/',
    'gh:acme/../app',
    'gh:acme//app',
    'gh:acme/-x',
    'gh:acme/a b',
    'gh:acme/%2e%2e',
  ])('%j is refused', (text) => {
    expect(refusal(text).code).toBe('usage');
  });

  test('a mistyped alias is told the nearest one, and how a host is written', () => {
    expect(refusal('guthub:acme/app').hint).toBe('Did you mean "github:"?; a host is written ssh://guthub/path');
  });

  test.each([
    'https://ann:canary-s3cret@example.org/acme/app',
    'https://:canary-s3cret@example.org/acme/app',
    'https://ghp_canaryABCDEFGHIJKLMNOP0123@github.com/acme/app',
    'ssh://git:canary-s3cret@example.org/acme/app',
    'ann:canary-s3cret@example.org/acme/app',
    'svn://ann:canary-s3cret@example.org/x',
    'ext::ann:canary-s3cret@example.org/x',
  ])('a credential in %s is refused and not repeated', (text) => {
    const error = refusal(text);
    expect(`${error.message} ${error.hint}`).not.toContain('canary');
  });

  test('any text is an address or a usage error', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.webUrl(), fc.stringMatching(/^[a-z@:/.~[\]-]{0,20}$/)), (text) => {
        try {
          const address = parseAddress(text, scope);
          return address.kind !== 'path' || address.path.startsWith('/');
        } catch (error) {
          return error instanceof SluiceError && error.code === 'usage';
        }
      }),
      { numRuns: 2000 },
    );
  });
});
