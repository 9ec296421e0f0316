import { describe, expect, test } from 'vitest';
import { parseGitUrl, pathOnForge } from '../../../src/core/forges/git-url.ts';

describe('parseGitUrl', () => {
  test.each([
    ['https://git.example.org/acme/app.git', 'http', 'git.example.org', 'acme/app'],
    ['https://GIT.example.org:443/acme/app/', 'http', 'git.example.org', 'acme/app'],
    ['http://user:secret@git.example.org:8080/acme/app', 'http', 'git.example.org:8080', 'acme/app'],
    ['https://git.example.org/acme/a%20b.git', 'http', 'git.example.org', 'acme/a b'],
    ['ssh://git@GIT.example.org:7999/acme/app.git', 'ssh', 'git.example.org', 'acme/app'],
    ['git+ssh://git@git.example.org/acme/app', 'ssh', 'git.example.org', 'acme/app'],
    ['git@git.example.org:acme/app.git', 'ssh', 'git.example.org', 'acme/app'],
    ['git.example.org:/acme/app', 'ssh', 'git.example.org', 'acme/app'],
    ['git@[2001:db8::1]:acme/app.git', 'ssh', '[2001:db8::1]', 'acme/app'],
  ])('%s', (text, transport, host, path) => {
    expect(parseGitUrl(text)).toEqual({ transport, host, path });
  });

  test.each([
    '/srv/git/app.git',
    './app',
    'C:\\code\\app',
    'c:/code/app',
    'file:///srv/git/app.git',
    'git://git.example.org/acme/app.git',
    'https://',
    'https://git.example.org/%E0%A4%A',
    'acme/app',
    '',
  ])('is not the address of a forge: %s', (text) => {
    expect(parseGitUrl(text)).toBeUndefined();
  });
});

describe('pathOnForge', () => {
  test('compares the host with its port over http and without it over ssh', () => {
    const web = 'https://git.example.org:8443';
    expect(pathOnForge('https://git.example.org:8443/acme/app.git', web)).toBe('acme/app');
    expect(pathOnForge('https://git.example.org/acme/app.git', web)).toBeUndefined();
    expect(pathOnForge('ssh://git@git.example.org:2222/acme/app.git', web)).toBe('acme/app');
    expect(pathOnForge('git@git.example.org:acme/app.git', web)).toBe('acme/app');
    expect(pathOnForge('git@git.example.org.evil.test:acme/app.git', web)).toBeUndefined();
  });

  test('takes the path prefix of the web address off, and only a whole one', () => {
    const web = 'https://example.org/git';
    expect(pathOnForge('https://example.org/git/acme/app.git', web)).toBe('acme/app');
    expect(pathOnForge('https://example.org/gitother/acme/app.git', web)).toBeUndefined();
    expect(pathOnForge('git@example.org:acme/app.git', web)).toBe('acme/app');
  });

  test('knows further ssh hosts only when told', () => {
    const url = 'ssh://git@altssh.example.org:443/acme/app.git';
    expect(pathOnForge(url, 'https://example.org')).toBeUndefined();
    expect(pathOnForge(url, 'https://example.org', ['altssh.example.org'])).toBe('acme/app');
  });
});
