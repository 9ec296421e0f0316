import type { Account } from '../../model/account.ts';
import type { ChangeEvent, CheckEvent, ForgeEvent } from '../../model/event.ts';
import { decodePayload, ignored, parsePayload, presentOid, pushEvent } from '../payload.ts';
import { isHexSignature, sha256Of } from '../signature.ts';
import type { DeliveryHeaders, WebhooksRole } from '../webhooks-role.ts';
import { convertPullRequest } from './convert.ts';
import {
  commentSchema,
  type NativeSender,
  pullRequestEventSchema,
  pushSchema,
  refSchema,
  reviewSchema,
  statusEventSchema,
} from './webhook-wire.ts';

/** Deliveries of Gitea, Forgejo and Gogs (https://docs.gitea.com/usage/webhooks), each under the name of the oldest that it still sends. */
export const webhooks: WebhooksRole = {
  name(headers) {
    const event = header(headers, 'event');
    return event === undefined ? undefined : { guid: header(headers, 'delivery'), event };
  },

  // Bare hexadecimal under their own names, and since Gitea 1.19 as GitHub writes it. The first that is there decides, so that a bad one
  // is not saved by another.
  isAuthentic: (headers, body, secrets) =>
    isHexSignature(header(headers, 'signature') ?? sha256Of(headers['x-hub-signature-256']), body, secrets),

  decode(event, body) {
    return [decode(event, parsePayload(event, body))];
  },
};

function header(headers: DeliveryHeaders, name: 'event' | 'delivery' | 'signature'): string | undefined {
  return headers[`x-forgejo-${name}`] ?? headers[`x-gitea-${name}`] ?? headers[`x-gogs-${name}`];
}

function decode(event: string, payload: unknown): ForgeEvent {
  switch (event) {
    case 'push': {
      const { repository, ref, sender, ...move } = decodePayload(event, payload, pushSchema);
      return pushEvent(repository.full_name, ref, move, account(sender));
    }
    case 'delete': {
      const { repository, ref, ref_type, sender } = decodePayload(event, payload, refSchema);
      const name = `refs/${ref_type === 'tag' ? 'tags' : 'heads'}/${ref}`;
      // What it pointed to is not said. No push tells of a deletion.
      return {
        kind: 'push',
        repo: repository.full_name,
        ref: name,
        before: undefined,
        after: undefined,
        by: account(sender),
      };
    }
    case 'create':
      return ignored('the push beside it says the same');
    case 'pull_request':
      return pullRequestEvent(event, payload);
    case 'pull_request_approved':
    case 'pull_request_rejected': {
      const { repository, pull_request, sender } = decodePayload(event, payload, reviewSchema);
      return endorsement('review', repository.full_name, pull_request.number, sender);
    }
    case 'issue_comment':
    case 'pull_request_comment':
      return commentEvent(event, payload);
    case 'status':
      return statusEvent(event, payload);
    default:
      return ignored(`sluice does nothing on the event ${JSON.stringify(event)}`);
  }
}

const actions: Readonly<Record<string, ChangeEvent['action']>> = {
  opened: 'opened',
  synchronized: 'updated',
  // As Gogs and GitHub write it.
  synchronize: 'updated',
  reopened: 'reopened',
  closed: 'closed',
  edited: 'edited',
};

function pullRequestEvent(event: string, payload: unknown): ForgeEvent {
  if (isOfGogs(payload)) return ignored("Gogs' pull requests do not name their commit");
  const { repository, action, pull_request, sender } = decodePayload(event, payload, pullRequestEventSchema);
  const repo = repository.full_name;
  if (/^label_/.test(action)) return endorsement('label', repo, pull_request.number, sender);
  const change = convertPullRequest(pull_request, repo);
  const known = actions[action];
  if (known === undefined) return ignored(`nothing is done when a pull request is ${JSON.stringify(action)}`);
  return {
    kind: 'change',
    repo,
    action: known === 'closed' && change.state === 'merged' ? 'merged' : known,
    change,
    by: account(sender),
  };
}

/** Gogs has `head_branch` and `head_repo` where Gitea has `head`. */
function isOfGogs(payload: unknown): boolean {
  const { pull_request: native } = (payload ?? {}) as { pull_request?: unknown };
  return typeof native === 'object' && native !== null && 'head_branch' in native && !('head' in native);
}

function commentEvent(event: string, payload: unknown): ForgeEvent {
  const { repository, issue, is_pull, sender } = decodePayload(event, payload, commentSchema);
  const onChange = is_pull === true || (issue.pull_request !== undefined && issue.pull_request !== null);
  if (!onChange) return ignored('a comment on an issue, not on a pull request');
  return endorsement('comment', repository.full_name, issue.number, sender);
}

function endorsement(
  what: 'review' | 'comment' | 'label',
  repo: string,
  number: number,
  sender: NativeSender,
): ForgeEvent {
  return { kind: 'endorsement', repo, number, what, by: account(sender) };
}

const states: Readonly<Record<string, CheckEvent['state']>> = {
  pending: 'pending',
  success: 'success',
  error: 'failure',
  failure: 'failure',
  warning: 'failure',
  skipped: 'skipped',
};

function statusEvent(event: string, payload: unknown): ForgeEvent {
  const native = decodePayload(event, payload, statusEventSchema);
  const repo = native.repository?.full_name ?? native.repo?.full_name;
  const sha = presentOid(native.sha);
  if (repo === undefined || sha === undefined) return ignored('it names no repository, or no whole commit');
  return {
    kind: 'check',
    repo,
    sha,
    ref: undefined,
    name: native.context,
    state: states[native.state] ?? 'pending',
    description: native.description ?? '',
    url: native.target_url || undefined,
  };
}

/** Whether an account is a bot, these payloads do not say. */
function account(sender: NativeSender): Account | undefined {
  const login = sender?.login ?? sender?.username;
  return login === undefined ? undefined : { login, bot: undefined };
}
