import { describe, expect, test } from 'vitest';
import { changeFeed, changesOf } from '../../../src/core/serve/change-feed.ts';
import type { Changed } from '../../../src/core/serve/read-model.ts';

const run = (id: string): Changed => ({ kind: 'run', id });

describe('changeFeed', () => {
  test('gives what changes from the call on, and a slow reader each name once, the last one last', async () => {
    const feed = changeFeed();
    feed.tell(run('before'));
    const end = new AbortController();
    const heard = feed.listen(end.signal)[Symbol.asyncIterator]();
    for (const id of ['1', '2', '1', '3', '2']) feed.tell(run(id));
    const ids: unknown[] = [];
    for (let n = 0; n < 3; n += 1) ids.push((await heard.next()).value?.id);
    expect(ids).toEqual(['1', '3', '2']);
    const next = heard.next();
    feed.tell(run('4'));
    expect((await next).value).toEqual(run('4'));
    end.abort();
    expect(await heard.next()).toEqual({ done: true, value: undefined });
  });

  test('ends without an error while it waits, and when it was aborted before', async () => {
    const feed = changeFeed();
    const end = new AbortController();
    const waiting = feed.listen(end.signal)[Symbol.asyncIterator]().next();
    end.abort();
    expect(await waiting).toEqual({ done: true, value: undefined });
    expect(await feed.listen(end.signal)[Symbol.asyncIterator]().next()).toEqual({ done: true, value: undefined });
  });
});

test('changesOf: a run concerns its repository, and its log when it has ended', () => {
  const change = { kind: 'run', id: '5', repo: 'gh:acme/app' } as const;
  const both: readonly Changed[] = [run('5'), { kind: 'repository', id: 'gh:acme/app' }];
  expect(changesOf({ ...change, state: 'queued' })).toEqual(both);
  expect(changesOf({ ...change, state: 'failure' })).toEqual([...both, { kind: 'log', id: '5' }]);
  expect(changesOf({ kind: 'delivery', id: 'guid' })).toEqual([{ kind: 'delivery', id: 'guid' }]);
});
