import type { ChangeEvent, CheckEvent, EndorsementEvent, ForgeEvent } from '../../model/event.ts';
import { decodePayload, ignored, parsePayload, presentOid, pushEvent } from '../payload.ts';
import { isHexSignature, sha256Of } from '../signature.ts';
import type { WebhooksRole } from '../webhooks-role.ts';
import { convertAccount } from './account.ts';
import { convertPullRequest } from './convert.ts';
import { endorsementSchema, pullRequestEventSchema, pushSchema, statusEventSchema } from './webhook-wire.ts';

/** Bitbucket Cloud's deliveries (https://support.atlassian.com/bitbucket-cloud/docs/manage-webhooks/). */
export const webhooks: WebhooksRole = {
  name(headers) {
    const event = headers['x-event-key'];
    // Data Center has the same header, but no id of a hook.
    if (event === undefined || headers['x-hook-uuid'] === undefined) return undefined;
    return { guid: headers['x-request-uuid'], event };
  },

  isAuthentic: (headers, body, secrets) => isHexSignature(sha256Of(headers['x-hub-signature']), body, secrets),

  decode(event, body) {
    return decode(event, parsePayload(event, body));
  },
};

const changeActions: Readonly<Record<string, ChangeEvent['action']>> = {
  'pullrequest:created': 'opened',
  // Commits, title, reviewers: it does not say which.
  'pullrequest:updated': 'updated',
  'pullrequest:fulfilled': 'merged',
  'pullrequest:rejected': 'closed',
};

const endorsements: Readonly<Record<string, EndorsementEvent['what']>> = {
  'pullrequest:approved': 'review',
  'pullrequest:unapproved': 'review',
  'pullrequest:changes_request_created': 'review',
  'pullrequest:changes_request_removed': 'review',
  'pullrequest:comment_created': 'comment',
  'pullrequest:comment_updated': 'comment',
  'pullrequest:comment_deleted': 'comment',
};

function decode(event: string, payload: unknown): readonly ForgeEvent[] {
  if (event === 'repo:push') return pushEvents(event, payload);
  if (event === 'repo:commit_status_created' || event === 'repo:commit_status_updated')
    return [statusEvent(event, payload)];
  const action = changeActions[event];
  if (action !== undefined) {
    const { repository, pullrequest, actor } = decodePayload(event, payload, pullRequestEventSchema);
    const change = convertPullRequest(pullrequest);
    return [{ kind: 'change', repo: repository.full_name, action, change, by: convertAccount(actor) }];
  }
  const what = endorsements[event];
  if (what === undefined) return [ignored(`sluice does nothing on the event ${JSON.stringify(event)}`)];
  const { repository, pullrequest, actor } = decodePayload(event, payload, endorsementSchema);
  return [{ kind: 'endorsement', repo: repository.full_name, number: pullrequest.id, what, by: convertAccount(actor) }];
}

function pushEvents(event: string, payload: unknown): readonly ForgeEvent[] {
  const { repository, push, actor } = decodePayload(event, payload, pushSchema);
  if (push.changes.length === 0) return [ignored('it names no ref')];
  return push.changes.map(({ new: now, old }) => {
    const end = now ?? old;
    if (!end) return ignored('it names no ref');
    // `branch` and `named_branch` (of Mercurial's days) and `tag`, `annotated_tag`.
    const ref = `refs/${end.type.includes('tag') ? 'tags' : 'heads'}/${end.name}`;
    const move = { before: old?.target.hash, after: now?.target.hash };
    return pushEvent(repository.full_name, ref, move, convertAccount(actor));
  });
}

const states: Readonly<Record<string, CheckEvent['state']>> = {
  INPROGRESS: 'running',
  SUCCESSFUL: 'success',
  FAILED: 'failure',
  STOPPED: 'failure',
};

function statusEvent(event: string, payload: unknown): ForgeEvent {
  const { repository, commit_status: status } = decodePayload(event, payload, statusEventSchema);
  const sha = presentOid(status.commit.hash);
  if (sha === undefined) return ignored('its commit is not a whole object id');
  return {
    kind: 'check',
    repo: repository.full_name,
    sha,
    ref: status.refname ? `refs/heads/${status.refname}` : undefined,
    name: status.name || status.key,
    state: states[status.state] ?? 'pending',
    description: status.description ?? '',
    url: status.url ?? undefined,
  };
}
