import { describe, expect, test } from 'vitest';
import { scriptsFor } from '../../../src/core/serve/script-name.ts';

function push(names: readonly string[], repo: string, others: readonly string[] = []): readonly string[] {
  return scriptsFor(names, { event: 'push', repo, others });
}

describe('scriptsFor', () => {
  test('several of one event, in name order, with suffixes and extensions', () => {
    const names = ['push-a-b-2', 'push-a-b', 'push-a-b.py', 'push-a-b-1.sh', 'pull_request-a-b', 'tag-a-b'];
    expect(push(names, 'a/b')).toEqual(['push-a-b', 'push-a-b-1.sh', 'push-a-b-2', 'push-a-b.py']);
    expect(scriptsFor(names, { event: 'pull_request', repo: 'a/b', others: [] })).toEqual(['pull_request-a-b']);
  });

  test('owner and repository are exact: no prefix of another name matches', () => {
    expect(push(['push-a-bc', 'push-a-b_c', 'push-aa-b', 'xpush-a-b', 'push-a'], 'a/b')).toEqual([]);
  });

  test('a name that could be a suffix or another repository is that of the repository that is configured', () => {
    const names = ['push-a-b-c', 'push-a-b-c-x', 'push-a-b-d'];
    expect(push(names, 'a/b')).toEqual(['push-a-b-c', 'push-a-b-c-x', 'push-a-b-d']);
    expect(push(names, 'a/b', ['a/b-c'])).toEqual(['push-a-b-d']);
    expect(push(names, 'a/b-c', ['a/b'])).toEqual(['push-a-b-c', 'push-a-b-c-x']);
  });

  test('case does not count, as at the forges; groups are joined by "-"', () => {
    expect(push(['push-Acme-App'], 'acme/app')).toEqual(['push-Acme-App']);
    expect(push(['push-group-sub-app'], 'group/sub/app')).toEqual(['push-group-sub-app']);
  });

  test('leavings of editors and hidden files are no scripts', () => {
    expect(push(['push-a-b~', '.push-a-b', 'push-a-b.bak', 'push-a-b.swp', 'push-a-b-README.md'], 'a/b')).toEqual([]);
  });
});
