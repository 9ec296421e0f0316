import type { Account } from '../../model/account.ts';
import type { ChangeEvent, EndorsementEvent, ForgeEvent } from '../../model/event.ts';
import { decodePayload, ignored, parsePayload, pushEvent } from '../payload.ts';
import { isHexSignature, sha256Of } from '../signature.ts';
import type { WebhooksRole } from '../webhooks-role.ts';
import { convertPullRequest, pathOf } from './convert.ts';
import { type NativeActor, pullRequestEventSchema, refsChangedSchema } from './webhook-wire.ts';

/** Bitbucket Data Center's deliveries (https://confluence.atlassian.com/bitbucketserver/manage-webhooks-938025878.html). */
export function webhooksRole(webUrl: string): WebhooksRole {
  return {
    name(headers) {
      const event = headers['x-event-key'];
      // Bitbucket Cloud says which hook it was.
      if (event === undefined || headers['x-hook-uuid'] !== undefined) return undefined;
      return { guid: headers['x-request-id'], event };
    },

    isAuthentic: (headers, body, secrets) => isHexSignature(sha256Of(headers['x-hub-signature']), body, secrets),

    decode(event, body) {
      return decode(event, parsePayload(event, body), webUrl);
    },
  };
}

const changeActions: Readonly<Record<string, ChangeEvent['action']>> = {
  'pr:opened': 'opened',
  'pr:from_ref_updated': 'updated',
  'pr:reopened': 'reopened',
  'pr:modified': 'edited',
  'pr:merged': 'merged',
  'pr:declined': 'closed',
  'pr:deleted': 'closed',
};

const endorsements: Readonly<Record<string, EndorsementEvent['what']>> = {
  'pr:reviewer:approved': 'review',
  'pr:reviewer:unapproved': 'review',
  'pr:reviewer:needs_work': 'review',
  'pr:reviewer:changes_requested': 'review',
  'pr:comment:added': 'comment',
  'pr:comment:edited': 'comment',
  'pr:comment:deleted': 'comment',
};

function decode(event: string, payload: unknown, webUrl: string): readonly ForgeEvent[] {
  if (event === 'diagnostics:ping') return [{ kind: 'ping' }];
  if (event === 'repo:refs_changed') return pushEvents(event, payload);
  const action = changeActions[event];
  const what = endorsements[event];
  if (action === undefined && what === undefined)
    return [ignored(`sluice does nothing on the event ${JSON.stringify(event)}`)];
  const { pullRequest, actor } = decodePayload(event, payload, pullRequestEventSchema);
  const repo = pathOf(pullRequest.toRef.repository);
  const by = account(actor);
  if (what !== undefined) return [{ kind: 'endorsement', repo, number: pullRequest.id, what, by }];
  if (action === undefined) return [];
  return [{ kind: 'change', repo, action, change: convertPullRequest(pullRequest, repo, webUrl), by }];
}

function pushEvents(event: string, payload: unknown): readonly ForgeEvent[] {
  const { repository, changes, actor } = decodePayload(event, payload, refsChangedSchema);
  if (changes.length === 0) return [ignored('it names no ref')];
  const repo = pathOf(repository);
  return changes.map(({ ref, fromHash, toHash }) =>
    pushEvent(repo, ref.id, { before: fromHash, after: toHash }, account(actor)),
  );
}

function account(actor: NativeActor): Account | undefined {
  if (!actor) return undefined;
  return { login: actor.name, bot: actor.type === undefined ? undefined : actor.type === 'SERVICE' };
}
