import { describe, expect, test } from 'vitest';
import type { Change } from '../../../src/core/model/change.ts';
import type { Review, ReviewHistory } from '../../../src/core/model/review.ts';
import type { Conversation } from '../../support/fake-forge/conversation.ts';
import { type OpenedReviewing, openReviewing, type WithReviewing } from './reviewing.ts';

interface Reviewed extends OpenedReviewing {
  readonly about: Conversation;
  list(): Promise<ReviewHistory>;
}

export function describeReviews(traits: WithReviewing): void {
  const {
    history,
    reviewCommit,
    reviewTime,
    changesRequested = true,
    mayWrite = {},
    nameOf,
    commented,
    dismissed,
    bots,
    resetOnPush,
  } = traits.reviewing;

  /** A change of ada's whose reviews are listed. */
  async function withReviews(reset: boolean | 'hidden' = false): Promise<Reviewed> {
    const opened = await openReviewing(traits);
    const { fake, changeSearch, reviews } = opened;
    const name = `${opened.app}2`;
    await fake.state.addRepository(name, { resetOnPush: reset });
    await fake.state.addChange({ repo: name, branch: 'fix', author: 'ada' });
    const list = async () => {
      const [change] = await changeSearch.search(name, { kind: 'branch', branch: 'fix' });
      return reviews.list(name, change as Change);
    };
    return { ...opened, app: name, about: fake.state.about(name, 1), list };
  }

  const short = ({ reviews }: ReviewHistory) => reviews.map(({ by, state }: Review) => `${by?.login} ${state}`);

  describe('reviews', () => {
    test('none', async () => {
      const { list } = await withReviews();
      expect((await list()).reviews).toEqual([]);
    });

    test('an approval, with what the forge says of it', async () => {
      const { about, list } = await withReviews();
      const { commit, at } = about.review('bob', 'approved');
      expect((await list()).reviews).toEqual([
        {
          by: { login: 'bob', bot: bots ? false : undefined, name: nameOf?.('bob') },
          state: 'approved',
          commit: reviewCommit ? commit : undefined,
          at: reviewTime ? at : undefined,
          mayWrite: mayWrite.stranger,
        },
      ]);
    });

    test('of somebody who may push and of somebody who may only read, as far as the forge tells them apart', async () => {
      const { fake, app, about, list } = await withReviews();
      fake.state.members.grant(app, 'eve', 'write');
      about.review('bob', 'approved');
      about.review('eve', 'approved');
      const rights = (await list()).reviews.map(({ by, mayWrite: right }) => [by?.login, right] as const);
      expect(new Map(rights)).toEqual(
        new Map([
          ['bob', mayWrite.stranger],
          ['eve', mayWrite.collaborator],
        ]),
      );
    });

    test.runIf(changesRequested)('changes requested', async () => {
      const { about, list } = await withReviews();
      about.review('bob', 'changes-requested');
      expect(short(await list())).toEqual(['bob changes-requested']);
    });

    test('a comment decides nothing', async () => {
      const { about, list } = await withReviews();
      about.review('bob', 'commented');
      expect(short(await list())).toEqual(commented ? ['bob commented'] : []);
    });

    test('of many people on many pages, oldest first', async () => {
      const { fake, about, list } = await withReviews();
      const people = ['bob', 'eve', 'p1', 'p2', 'p3', 'p4', 'p5'];
      for (const login of people.slice(2)) fake.state.addAccount(login);
      for (const login of people) about.review(login, 'approved');
      const found = short(await list());
      const expected = people.map((login) => `${login} approved`);
      // Without times there is no order.
      expect(reviewTime ? found : found.toSorted()).toEqual(reviewTime ? expected : expected.toSorted());
    });

    test.runIf(changesRequested)('a person’s last word is the last one', async () => {
      const { about, list } = await withReviews();
      about.review('bob', 'approved');
      about.review('bob', 'changes-requested');
      about.review('bob', 'approved');
      const all = ['bob approved', 'bob changes-requested', 'bob approved'];
      expect(short(await list())).toEqual(history === 'all' ? all : all.slice(-1));
    });

    test.each(['approved', 'changes-requested'] as const)('%s that was taken back', async (verdict) => {
      if (verdict === 'changes-requested' && !changesRequested) return;
      const { about, list } = await withReviews();
      about.review('eve', 'approved');
      about.review('bob', verdict);
      about.dismiss('bob');
      expect(short(await list())).toEqual(dismissed ? ['eve approved', 'bob dismissed'] : ['eve approved']);
    });

    test.runIf(reviewCommit)('a review is of the commit that it was given on', async () => {
      const { fake, app, about, list } = await withReviews();
      const first = about.review('bob', 'approved');
      const { head } = await fake.state.pushChange(app, 1);
      about.review('eve', 'approved');
      const { reviews } = await list();
      expect(head.sha).not.toBe(first.commit);
      expect(reviews.map(({ by, commit }) => [by?.login, commit])).toEqual([
        ['bob', first.commit],
        ['eve', head.sha],
      ]);
    });

    test('machines are told from people where the forge does', async () => {
      const { about, list } = await withReviews();
      about.review('robot[bot]', 'approved');
      const { reviews } = await list();
      expect(reviews[0]?.by).toMatchObject({ login: 'robot[bot]', bot: bots ? true : undefined });
    });

    test.each([
      [true, true],
      [false, false],
      ['hidden', undefined],
    ] as const)('whether pushes take approvals back: %s', async (setting, told) => {
      const { list } = await withReviews(setting);
      expect((await list()).resetOnPush).toBe(resetOnPush ? told : undefined);
    });

    test('pushes that take approvals back', async () => {
      const { fake, app, about, list } = await withReviews(true);
      about.review('bob', 'approved');
      await fake.state.pushChange(app, 1);
      expect(short(await list())).toEqual(dismissed ? ['bob dismissed'] : []);
    });
  });
}
