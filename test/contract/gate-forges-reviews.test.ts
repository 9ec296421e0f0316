import { describe, expect, test } from 'vitest';
import { shortOid } from '../../src/core/model/ref.ts';
import { openScene } from './gate-forges-scene.ts';
import { forges } from './gate-forges-traits.ts';

describe.each(forges)('the gate on $name: reviews', (traits) => {
  const { words, approvalOf, showsDismissed, seesRights, person = (login: string) => login } = traits;
  const subject = (fork: string) => `${fork} ${words.sigil}1`;

  test('approved', async () => {
    const { ask, conversation, fork } = await openScene(traits);
    conversation.review('bob', 'approved');
    const { status, exit, tree } = await ask();
    expect({ status, exit }, tree).toEqual({ status: 'approved', exit: 0 });
    expect(tree).toContain(`change ${subject(fork)}: ${subject(fork)} is approved`);
    expect(tree).toContain(`is the head of ${subject(fork)}`);
    expect(tree).toContain(`${person('bob')} approved`);
  });

  test('pending without an approval, with the page where to give it', async () => {
    const { ask, fake, conversation } = await openScene(traits);
    const { status, exit, text } = await ask();
    expect({ status, exit }, text).toEqual({ status: 'pending', exit: 1 });
    expect(text).toContain('0 of 1 approvals: 1 more approval is needed, from somebody who did not write it');
    expect(text).toContain(`\n    ${fake.webUrl}/`);
    conversation.review('bob', 'commented');
    expect(await ask()).toMatchObject({ status: 'pending' });
    conversation.review('bob', 'approved');
    expect(await ask({ minApprovals: 2 })).toMatchObject({
      status: 'pending',
      text: expect.stringContaining('1 of 2'),
    });
    conversation.review('cy', 'approved');
    expect(await ask({ minApprovals: 2 })).toMatchObject({ status: 'approved' });
  });

  test('changes requested refuse until they are approved, and the other way round', async () => {
    const { ask, conversation } = await openScene(traits);
    conversation.review('cy', 'approved');
    conversation.review('bob', 'changes-requested');
    const refused = await ask();
    expect(refused).toMatchObject({ status: 'rejected', exit: 1 });
    expect(refused.text).toContain(
      `${person('bob')} requested changes; they must approve, or their review must be dismissed`,
    );
    conversation.review('bob', 'approved');
    expect(await ask({ minApprovals: 2 })).toMatchObject({ status: 'approved' });
    conversation.review('bob', 'changes-requested');
    expect(await ask()).toMatchObject({ status: 'rejected' });
  });

  test('changes requested outlive what is pushed after them', async () => {
    const { ask, conversation, push } = await openScene(traits);
    conversation.review('bob', 'changes-requested');
    const sha = await push();
    conversation.review('cy', 'approved');
    expect(await ask({ sha })).toMatchObject({ status: 'rejected' });
  });

  test('what was dismissed neither counts nor refuses', async () => {
    const { ask, conversation } = await openScene(traits);
    conversation.review('cy', 'approved');
    conversation.review('bob', 'changes-requested');
    conversation.dismiss('bob');
    expect(await ask()).toMatchObject({ status: 'approved' });
    conversation.dismiss('cy');
    const { status, tree } = await ask();
    expect(status).toBe('pending');
    if (showsDismissed)
      expect(tree).toContain(`${person('cy')} does not count: has an approval or refusal that was dismissed`);
  });

  test.each(['ann', 'ANN'])("the author's own approval does not count, given as %s", async (login) => {
    const { ask, conversation } = await openScene(traits);
    conversation.review(login, 'approved');
    const { status, tree } = await ask();
    expect(status, tree).toBe('pending');
    expect(tree.toLowerCase()).toContain(`${person('ann')} does not count: is the author`);
    expect(await ask({ allowSelfApproval: true })).toMatchObject({ status: 'approved' });
  });

  test('nor does that of who wrote the commit', async () => {
    const { ask, conversation, push } = await openScene(traits);
    const { address = (login: string) => `${login}@people.example` } = traits;
    const sha = await push({ commitAuthor: address('bob'), by: 'ann' });
    conversation.review('bob', 'approved');
    const { status, tree } = await ask({ sha });
    expect(status, tree).toBe('pending');
    expect(tree).toContain(`${person('bob')} does not count: wrote the commit itself`);
    conversation.review('cy', 'approved');
    expect(await ask({ sha })).toMatchObject({ status: 'approved' });
  });

  test('that of a stranger, who may not push', async () => {
    const { ask, conversation } = await openScene(traits);
    conversation.review('eve', 'approved');
    const { status, tree } = await ask();
    expect(status, tree).toBe(seesRights ? 'pending' : 'approved');
    if (seesRights) expect(tree).toContain(`${person('eve')} does not count: may not push`);
  });

  test('that of a machine only counts where it is listed', async () => {
    const { ask, conversation, state, repo } = await openScene(traits);
    const { bot = 'robot' } = traits;
    state.addAccount(bot, { kind: 'bot' });
    state.members.grant(repo, bot, 'write');
    conversation.review(bot, 'approved');
    const { status, tree } = await ask();
    expect(status, tree).toBe(traits.bot === undefined ? 'approved' : 'pending');
    if (traits.bot !== undefined) expect(tree).toContain(`${person(bot)} does not count: is a bot that is not listed`);
    expect(await ask({ allowBot: [bot] })).toMatchObject({ status: 'approved' });
  });

  test.runIf(approvalOf !== 'setting')('an approval of an earlier head does not count', async () => {
    const { ask, conversation, push, change } = await openScene(traits, { resetOnPush: false });
    conversation.review('bob', 'approved');
    const sha = await push();
    const { status, tree } = await ask({ sha });
    expect(status, tree).toBe('pending');
    expect(tree).toContain(
      `${person('bob')} does not count: approved ${shortOid(change.head.sha)}, which is not the head any more`,
    );
    expect(await ask({ sha, allowStaleApprovals: true })).toMatchObject({ status: 'approved' });
    conversation.review('bob', 'approved');
    expect(await ask({ sha })).toMatchObject({ status: 'approved' });
  });

  test('the forge takes approvals back on a push', async () => {
    const { ask, conversation, push } = await openScene(traits, { resetOnPush: true });
    conversation.review('bob', 'approved');
    const sha = await push();
    expect(await ask({ sha })).toMatchObject({ status: 'pending' });
    conversation.review('bob', 'approved');
    expect(await ask({ sha })).toMatchObject({ status: 'approved' });
  });

  test.each([
    ['keeps approvals on a push', false, 'the forge keeps approvals when commits are added'],
    ['does not show whether it does', 'hidden', 'the credential cannot see whether the forge takes approvals back'],
  ] as const)('a forge that %s', async (_, resetOnPush, why) => {
    const { ask, conversation } = await openScene(traits, { resetOnPush });
    conversation.review('bob', 'approved');
    const { status, exit, text, tree } = await ask();
    // Elsewhere the approval itself tells of which commit it is.
    if (approvalOf !== 'setting') return expect(status, tree).toBe('approved');
    expect({ status, exit }).toEqual({ status: 'undetermined', exit: 2 });
    expect(text).toContain(`approved, but of which commit is not known: ${why}`);
    expect(await ask({ allowStaleApprovals: true })).toMatchObject({ status: 'approved' });
  });
});

describe('the gate on gitlab before 18.0, whose approvals have no time', () => {
  const gitlab = forges.find(({ name }) => name === 'gitlab') ?? raise('gitlab is missing');

  test.each([
    ['takes them back on a push', true, 'approved'],
    ['keeps them', false, 'undetermined'],
    ['does not show whether it does', 'hidden', 'undetermined'],
  ] as const)('a project that %s', async (_, resetOnPush, expected) => {
    const { ask, fake, state } = await openScene(gitlab, { resetOnPush });
    const user = { id: state.accounts.get('bob')?.id, username: 'bob' };
    const body = { approved_by: [{ user }] };
    fake.fail({ path: /merge_requests\/1\/approvals/, fault: { kind: 'answer', status: 200, body, headers: {} } });
    const { status, tree } = await ask();
    expect(status, tree).toBe(expected);
    expect((await ask({ allowStaleApprovals: true })).status).toBe('approved');
  });
});

function raise(message: string): never {
  throw new Error(message);
}
