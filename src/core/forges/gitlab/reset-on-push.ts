import type { ApiClient } from '../../http/client.ts';
import { answered } from '../answered.ts';
import type { CallOptions } from '../call-options.ts';
import { readAll } from './listing.ts';
import { projectPath, requestPath } from './urls.ts';
import { approvalSettingsSchema, stateEventsSchema, type Versions } from './wire-reviews.ts';

// GitLab waits ten seconds, and then for a free worker.
const settlingMs = 60_000;

/** Whether pushes take approvals back: maintainers may see the setting (403), and only paid editions have it (404). */
export async function findResetOnPush(
  client: ApiClient,
  repo: string,
  options: CallOptions,
): Promise<boolean | undefined> {
  const purpose = `find the approval settings of ${repo}`;
  const answer = await client.send({
    path: `${projectPath(repo)}/approvals`,
    decode: (value) => approvalSettingsSchema.parse(value),
    accept: [403, 404],
    purpose,
    ...options,
  });
  if (answer.status === 403 || answer.status === 404) return undefined;
  return answered(answer, purpose).reset_approvals_on_push ?? undefined;
}

/** Whether approvals had the time to be taken back since the newest version came; `date` is the server's own, of its answer. */
export function isSettled(versions: Versions, date: string | undefined): boolean {
  const newest = versions[0]?.created_at;
  return newest !== undefined && Date.parse(date ?? '') - newest > settlingMs;
}

/** What is pushed while a merge request is closed takes no approval back (https://gitlab.com/gitlab-org/gitlab/-/issues/1457). */
export async function wasReopened(
  client: ApiClient,
  repo: string,
  number: number,
  options: CallOptions,
): Promise<boolean> {
  return (await listReopenings(client, repo, number, options)).length > 0;
}

/** When a merge request was opened again (https://docs.gitlab.com/api/resource_state_events/). */
export async function listReopenings(
  client: ApiClient,
  repo: string,
  number: number,
  options: CallOptions,
): Promise<readonly number[]> {
  const events = await readAll(client, {
    path: `${requestPath(repo, number)}/resource_state_events`,
    decode: (value) => stateEventsSchema.parse(value),
    purpose: `list the state events of merge request !${number} of ${repo}`,
    ...options,
  });
  return events.filter(({ state }) => state === 'reopened' || state === 'opened').map(({ created_at }) => created_at);
}
