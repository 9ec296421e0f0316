import { SluiceError } from '../errors.ts';
import { shortOid } from '../model/ref.ts';
import type { CommitStatus } from '../model/status.ts';

/** What is being done, for messages. The context is in quotes: anything may stand in it. */
export function statusPurpose(repo: string, { context, sha }: Pick<CommitStatus, 'context' | 'sha'>): string {
  return `set the status ${JSON.stringify(context)} of ${repo} at ${shortOid(sha)}`;
}

/** Runs `send`, and adds to a refusal which permission it needs. Forges also hide from a weak token what it may not write (404). */
export async function namingTheRight<T>(
  right: string,
  send: () => Promise<T>,
  what = 'Commit statuses need',
): Promise<T> {
  try {
    return await send();
  } catch (error) {
    if (!(error instanceof SluiceError) || (error.code !== 'denied' && error.code !== 'not-found')) throw error;
    const hint = [error.hint, `${what} ${right}.`].filter((part) => part !== undefined).join(' ');
    throw new SluiceError(error.code, error.message, { hint, cause: error.cause });
  }
}

export function unknownCommit(purpose: string): SluiceError {
  return new SluiceError('not-found', `could not ${purpose}: the forge does not have this commit`, {
    hint: 'It may have been replaced by a force-push, or not have been pushed at all.',
  });
}

/** A refusal that the forge's own words explain best. */
export function statusRefusal(
  code: 'usage' | 'unavailable',
  purpose: string,
  answer: { readonly status: number; readonly refusal: string | undefined },
): SluiceError {
  const said = answer.refusal === undefined ? '' : ` (${answer.refusal})`;
  const hint = code === 'usage' ? 'The forge does not accept this status as it is.' : 'Try again later.';
  return new SluiceError(code, `could not ${purpose}: the forge answered ${answer.status}${said}`, { hint });
}
