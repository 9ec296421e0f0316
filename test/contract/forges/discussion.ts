import { describe, expect, test } from 'vitest';
import type { Change } from '../../../src/core/model/change.ts';
import { type OpenedReviewing, openReviewing, type WithReviewing } from './reviewing.ts';

export function describeDiscussion(traits: WithReviewing): void {
  const { labels, headSince, association } = traits.reviewing;

  async function withChange(opened?: OpenedReviewing) {
    const reviewing = opened ?? (await openReviewing(traits));
    const { fake, app, fork, changeSearch, discussion } = reviewing;
    await fake.state.addChange({ repo: app, from: fork, branch: 'fix', author: 'stranger' });
    const find = async (): Promise<Change> => {
      const found = await changeSearch.search(app, { kind: 'branch', branch: 'fix', headRepo: fork });
      return found[0] as Change;
    };
    return {
      ...reviewing,
      about: fake.state.about(app, 1),
      since: async () => discussion.headSince(app, await find()),
    };
  }

  describe('discussion', () => {
    test('comments of all pages, oldest first', async () => {
      const { about, discussion, app } = await withChange();
      const texts = ['/ok-to-test', 'two\nlines', 'ünï <b>', '4', '5'];
      const made = texts.map((text, at) => about.comment(at % 2 === 0 ? 'bob' : 'eve', text));
      const comments = await discussion.comments(app, 1);
      expect(comments.map(({ by, at, text }) => [by?.login, at, text])).toEqual(
        made.map(({ by, at }, index) => [by, at, texts[index]]),
      );
    });

    test('no comments', async () => {
      const { discussion, app } = await withChange();
      expect(await discussion.comments(app, 1)).toEqual([]);
    });

    test.runIf(labels)('labels with who put them there last, and when', async () => {
      const { about, discussion, app } = await withChange();
      for (const name of ['old', 'ok-to-test', 'gone']) about.label('eve', name);
      for (const name of ['ok-to-test', 'gone']) about.unlabel('eve', name);
      for (let at = 0; at < 5; at += 1) about.comment('eve', 'talk');
      about.label('bob', 'ok-to-test');
      const found = (await discussion.labels?.(app, 1)) ?? [];
      const expected = about.labels.map(({ name, by, at }) => [name, by, at]);
      expect(found.map(({ name, by, at }) => [name, by?.login, at]).toSorted()).toEqual(expected.toSorted());
      expect(expected.map(([name, by]) => [name, by]).toSorted()).toEqual([
        ['ok-to-test', 'bob'],
        ['old', 'eve'],
      ]);
    });

    test.runIf(labels)('no labels', async () => {
      const { discussion, app } = await withChange();
      expect(await discussion.labels?.(app, 1)).toEqual([]);
    });

    test.runIf(!labels)('there are no labels', async () => {
      const { discussion } = await withChange();
      expect(discussion.labels).toBeUndefined();
    });

    test.runIf(headSince)('the head is there since it was pushed, whatever its commit says', async () => {
      const { fake, app, about, since } = await withChange();
      const pushed = () => about.timeline.findLast(({ kind }) => kind === 'pushed' || kind === 'opened')?.at ?? 0;
      const atFirst = await since();
      expect(atFirst).toBe(pushed());
      about.comment('eve', 'later');
      expect(await since()).toBe(atFirst);
      await fake.state.pushChange(app, 1, { date: 1_000_000_000 });
      expect(await since()).toBe(pushed());
      about.comment('eve', 'later still');
      await fake.state.pushChange(app, 1, { date: 1_900_000_000 });
      expect(await since()).toBe(pushed());
    });

    test.runIf(headSince)('a forced push back to an old commit counts from now', async () => {
      const { fake, app, about, since } = await withChange();
      const [before] = fake.state.changesOf(app);
      const { head } = await fake.state.pushChange(app, 1);
      about.label('bob', 'ok-to-test');
      const back = await fake.state.pushChange(app, 1, { sha: before?.head.sha ?? '' });
      expect(back.head.sha).not.toBe(head.sha);
      expect(await since()).toBe(about.timeline.findLast(({ kind }) => kind === 'pushed')?.at);
    });

    test.runIf(headSince)('what was pushed while it was closed counts from when it was opened again', async () => {
      const { fake, app, about, since } = await withChange();
      fake.state.setChangeState(app, 1, 'closed');
      about.label('bob', 'ok-to-test');
      fake.state.setChangeState(app, 1, 'open');
      const reopened = about.timeline.findLast(({ kind }) => kind === 'reopened')?.at ?? 0;
      expect(await since()).toBe(reopened);
    });

    test.runIf(!headSince)('when the head came is not told', async () => {
      const { since } = await withChange();
      expect(await since()).toBeUndefined();
    });

    test('paths that it touches, under old and new names, all pages', async () => {
      const opened = await openReviewing(traits);
      const { fake, app, discussion } = opened;
      const moved = 'a line\n'.repeat(20);
      const first = await fake.state.addChange({
        repo: app,
        branch: 'one',
        files: { 'old/näme.txt': moved, 'gone.txt': 'x' },
      });
      await fake.state.moveBase(app, first.head.sha);
      const files = {
        'old/näme.txt': null,
        'new/name.txt': moved,
        'gone.txt': null,
        '.gitlab-ci.yml': 'a',
        'ci/b c.yml': 'b',
      };
      await fake.state.addChange({ repo: app, branch: 'two', files });
      expect((await discussion.changedPaths(app, 2)).toSorted()).toEqual(Object.keys(files).toSorted());
    });

    test('paths of all commits, and not of what the base has got meanwhile', async () => {
      const opened = await openReviewing(traits);
      const { fake, app, discussion } = opened;
      await fake.state.addChange({ repo: app, branch: 'one', files: { 'one.txt': '1' } });
      await fake.state.pushChange(app, 1, { files: { 'more.txt': '2' } });
      const other = await fake.state.addChange({ repo: app, branch: 'two', files: { 'two.txt': '2' } });
      await fake.state.moveBase(app, other.head.sha);
      expect((await discussion.changedPaths(app, 1)).toSorted()).toEqual(['more.txt', 'one.txt']);
    });

    test('of a change request that does not exist', async () => {
      const { discussion, app } = await withChange();
      await expect(discussion.comments(app, 99)).rejects.toMatchObject({ code: 'not-found' });
      await expect(discussion.changedPaths(app, 99)).rejects.toMatchObject({ code: 'not-found' });
    });

    test.runIf(association)('the author’s relation to the repository', async () => {
      const { fake, discussion, app } = await withChange();
      fake.state.members.grant(app, 'bob', 'write');
      await fake.state.addChange({ repo: app, branch: 'b', author: 'bob' });
      expect(await discussion.association?.(app, 1)).toBe('NONE');
      expect(await discussion.association?.(app, 2)).toMatch(/^(MEMBER|COLLABORATOR)$/);
    });

    test.runIf(!association)('there is no word for the author’s relation', async () => {
      const { discussion } = await withChange();
      expect(discussion.association).toBeUndefined();
    });
  });
}
