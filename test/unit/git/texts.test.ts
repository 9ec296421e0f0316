import { describe, expect, test } from 'vitest';
import { sameRepository, transportOf } from '../../../src/core/git/endpoint.ts';
import { diskFailure, gitFailure, lastWords } from '../../../src/core/git/failure.ts';
import { httpTerms } from '../../../src/core/git/http-settings.ts';
import { parseLsRemote } from '../../../src/core/git/ls-remote.ts';
import { parseParents, uncoveredTips } from '../../../src/core/git/transfer/graph.ts';
import { parsePushReport } from '../../../src/core/git/transfer/push.ts';

describe('the report of git push --porcelain', () => {
  test('every kind of line', () => {
    const stdout = [
      'To http://h/r.git',
      '*\taaa:refs/heads/new\t[new branch]',
      ' \tbbb:refs/heads/moved\tccc..bbb',
      '+\tbbb:refs/heads/forced\tccc...bbb (forced update)',
      '-\t:refs/heads/gone\t[deleted]',
      '=\tbbb:refs/heads/same\t[up to date]',
      '!\tbbb:refs/heads/a:b\t[remote rejected] (hook declined (really))',
      '!\tbbb:refs/heads/raced\t[rejected] (stale info)',
      '!\tbbb:refs/heads/odd\t[remote failure]',
      'Done',
      '',
    ].join('\n');
    const report = parsePushReport(stdout);
    const ok = ['new', 'moved', 'forced', 'gone', 'same'].map((name) => `refs/heads/${name}`);
    for (const name of ok) expect(report.get(name)).toEqual({ target: name, ok: true });
    const refused = [...report.values()].flatMap((result) => (result.ok ? [] : [result.reason]));
    expect(refused).toEqual([
      'hook declined (really)',
      'the destination ref changed meanwhile (stale info)',
      'remote failure',
    ]);
    expect(report.size).toBe(8);
  });
});

describe('the output of git ls-remote', () => {
  const line = (oid: string, name: string) => `${oid.repeat(40)}\t${name}\n`;

  test('refs without HEAD and peeled tags; bytes that are no UTF-8 are marked', () => {
    const output = Buffer.concat([
      Buffer.from(
        [
          line('a', 'HEAD'),
          line('b', 'refs/tags/v1'),
          line('c', 'refs/tags/v1^{}'),
          `${'d'.repeat(40)}\trefs/heads/`,
        ].join(''),
      ),
      Buffer.from([0xe9, 0x0a]),
    ]);
    const { refs, format } = parseLsRemote(output);
    expect(refs.map((ref) => ref.name)).toEqual(['refs/tags/v1', 'refs/heads/\ufffd']);
    expect(format).toBe('sha1');
  });

  test('nothing at all is an empty repository, anything else is an error', () => {
    expect(parseLsRemote(Buffer.from(''))).toEqual({ refs: [], format: undefined });
    expect(() => parseLsRemote(Buffer.from('<html>\n'))).toThrow(/not "<oid> <ref>"/);
  });
});

describe("git's words", () => {
  test.each([
    ["fatal: Authentication failed for 'https://h/'", 'denied'],
    ['git@h: Permission denied (publickey).\nfatal: Could not read from remote repository.', 'denied'],
    ["fatal: repository 'https://h/x/' not found", 'not-found'],
    ["fatal: '/x' does not appear to be a git repository\nfatal: Could not read from remote repository.", 'not-found'],
    ["fatal: unable to access 'http://h/': The requested URL returned error: 429", 'rate-limited'],
    ["fatal: unable to access 'http://h/': The requested URL returned error: 503", 'unavailable'],
    ['ssh: connect to host h port 22: Connection refused', 'unavailable'],
    ['fatal: write error: No space left on device\nfatal: fetch-pack: invalid index-pack output', 'unavailable'],
    ['fatal: something that nobody has seen', 'not-found'],
  ])('%s → %s', (stderr, code) => {
    expect(gitFailure('do it', stderr)).toMatchObject({ code });
  });

  test('only the telling lines are kept', () => {
    expect(lastWords('hint: x\nremote: Counting objects: 5\rremote: Total 5\nfatal: no\n')).toBe('fatal: no');
    expect(lastWords('')).toBe('git failed without a message');
    expect(lastWords(`fatal: ${'x'.repeat(5000)}`)).toHaveLength(600);
  });

  test('a bug is not taken for a full disk', () => {
    const bug = new TypeError('x is not a function');
    expect(diskFailure('do it', bug)).toBe(bug);
  });
});

describe('endpoints', () => {
  const at = (url: string) => ({ url, display: url, transport: transportOf(url) });

  test.each([
    ['https://h/a.git', 'https://H/a/', true],
    ['https://h/a', 'https://h/A', false],
    ['https://h/a', 'http://h/a', false],
    ['https://h:443/a', 'https://h/a', true],
    ['/x/a', '/x/a.git', false],
    ['/x/a', 'file:///x/a/', true],
    ['git@h:a.git', 'git@h:a', true],
  ])('%s and %s are one: %s', (one, other, same) => {
    expect(sameRepository(at(one), at(other))).toBe(same);
  });
});

describe('who may speak HTTP', () => {
  const http = new URL('http://h.example/r.git');
  const https = new URL('https://h.example/r.git');

  test.each([
    [http, {}, []],
    [http, { https_proxy: 'x' }, []],
    [http, { http_proxy: 'x', no_proxy: 'other, .example' }, []],
    [http, { http_proxy: '' }, []],
    [http, { GIT_SSL_NO_VERIFY: '1' }, [{ name: 'http.sslverify', value: 'false' }]],
    [https, {}, [{ name: 'http.postbuffer', value: '1' }]],
  ])('this process, for %s with %j and %j', (url, env, settings) => {
    expect(httpTerms(url, env, settings)).toEqual({ caFile: undefined });
  });

  test.each([
    [http, { http_proxy: 'x' }, []],
    [https, { ALL_PROXY: 'x', NO_PROXY: 'ample' }, []],
    [https, { GIT_SSL_NO_VERIFY: '1' }, []],
    [http, { GIT_HTTP_USER_AGENT: 'x' }, []],
    [http, {}, [{ name: 'http.extraheader', value: 'x' }]],
    [http, {}, [{ name: 'http.https://h.example/.proxy', value: 'x' }]],
    [http, {}, [{ name: 'url.ssh://h/.insteadof', value: 'x' }]],
  ])('git itself, for %s with %j and %j', (url, env, settings) => {
    expect(httpTerms(url, env, settings)).toHaveProperty('objection');
  });
});

describe('what a shallow fetch covers', () => {
  // c3 → c2 → c1 → (boundary); m merges c2 and s1 → (boundary).
  const missing = parseParents('c3 c2\nc2 c1\nm c2 s1\ns1\n');

  test('a tip is covered when every way down from it ends at something known', () => {
    expect([...uncoveredTips(['c3', 'm', 'c1'], missing)]).toEqual(['m']);
    expect([...uncoveredTips(['c3'], parseParents('c3 c2\nc2\n'))]).toEqual(['c3']);
    expect([...uncoveredTips(['c3'], parseParents(''))]).toEqual([]);
  });
});
