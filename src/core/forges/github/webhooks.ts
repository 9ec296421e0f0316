import type { Account } from '../../model/account.ts';
import type { ChangeEvent, CheckEvent, ForgeEvent } from '../../model/event.ts';
import { decodePayload, ignored, parsePayload, presentOid, pushEvent } from '../payload.ts';
import { isHexSignature, sha256Of } from '../signature.ts';
import type { DeliveryHeaders, WebhooksRole } from '../webhooks-role.ts';
import { convertPullRequest } from './convert.ts';
import {
  checkRunSchema,
  commentSchema,
  type NativeSender,
  pullRequestEventSchema,
  pushSchema,
  reviewSchema,
  statusEventSchema,
} from './webhook-wire.ts';

/** GitHub's deliveries (https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries). */
export const webhooks: WebhooksRole = {
  name(headers) {
    const event = headers['x-github-event'];
    // Gitea and Gogs send this header too, with payloads of their own.
    if (event === undefined || isOfGitea(headers)) return undefined;
    return { guid: headers['x-github-delivery'], event };
  },

  // Never the older X-Hub-Signature beside it, which is SHA-1.
  isAuthentic: (headers, body, secrets) => isHexSignature(sha256Of(headers['x-hub-signature-256']), body, secrets),

  decode(event, body) {
    return [decode(event, parsePayload(event, body))];
  },
};

function isOfGitea(headers: DeliveryHeaders): boolean {
  return headers['x-gitea-event'] !== undefined || headers['x-gogs-event'] !== undefined;
}

function decode(event: string, payload: unknown): ForgeEvent {
  switch (event) {
    case 'ping':
      return { kind: 'ping' };
    case 'push': {
      const { repository, ref, sender, ...move } = decodePayload(event, payload, pushSchema);
      return pushEvent(repository.full_name, ref, move, account(sender));
    }
    case 'pull_request':
      return pullRequestEvent(event, payload);
    case 'pull_request_review': {
      const { repository, pull_request, sender } = decodePayload(event, payload, reviewSchema);
      return endorsement('review', repository.full_name, pull_request.number, sender);
    }
    case 'issue_comment': {
      const { repository, issue, sender } = decodePayload(event, payload, commentSchema);
      if (issue.pull_request === undefined) return ignored('a comment on an issue, not on a pull request');
      return endorsement('comment', repository.full_name, issue.number, sender);
    }
    case 'status':
      return statusEvent(event, payload);
    case 'check_run':
      return checkRunEvent(event, payload);
    default:
      return ignored(`sluice does nothing on the event ${JSON.stringify(event)}`);
  }
}

const actions: Readonly<Record<string, ChangeEvent['action']>> = {
  opened: 'opened',
  synchronize: 'updated',
  reopened: 'reopened',
  closed: 'closed',
  edited: 'edited',
  converted_to_draft: 'edited',
  ready_for_review: 'edited',
};

function pullRequestEvent(event: string, payload: unknown): ForgeEvent {
  const { repository, action, pull_request, sender } = decodePayload(event, payload, pullRequestEventSchema);
  const repo = repository.full_name;
  if (action === 'labeled' || action === 'unlabeled') return endorsement('label', repo, pull_request.number, sender);
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

function endorsement(
  what: 'review' | 'comment' | 'label',
  repo: string,
  number: number,
  sender: NativeSender,
): ForgeEvent {
  return { kind: 'endorsement', repo, number, what, by: account(sender) };
}

function statusEvent(event: string, payload: unknown): ForgeEvent {
  const native = decodePayload(event, payload, statusEventSchema);
  const sha = presentOid(native.sha);
  if (sha === undefined) return ignored('its commit is not a whole object id');
  const [branch, ...more] = native.branches ?? [];
  return {
    kind: 'check',
    repo: native.repository.full_name,
    sha,
    ref: branch === undefined || more.length > 0 ? undefined : `refs/heads/${branch.name}`,
    name: native.context,
    state: native.state === 'error' ? 'failure' : native.state,
    description: native.description ?? '',
    url: native.target_url ?? undefined,
  };
}

function checkRunEvent(event: string, payload: unknown): ForgeEvent {
  const { repository, check_run: run } = decodePayload(event, payload, checkRunSchema);
  const sha = presentOid(run.head_sha);
  if (sha === undefined) return ignored('its commit is not a whole object id');
  const branch = run.check_suite?.head_branch;
  return {
    kind: 'check',
    repo: repository.full_name,
    sha,
    ref: branch ? `refs/heads/${branch}` : undefined,
    name: run.name,
    state: stateOf(run),
    description: run.output?.title ?? run.conclusion ?? '',
    url: run.details_url ?? run.html_url ?? undefined,
  };
}

function stateOf({
  status,
  conclusion,
}: {
  readonly status: string;
  readonly conclusion?: string | null | undefined;
}): CheckEvent['state'] {
  if (status === 'in_progress') return 'running';
  if (status !== 'completed') return 'pending';
  if (conclusion === 'success' || conclusion === 'neutral' || conclusion === 'skipped') return conclusion;
  return 'failure';
}

function account(sender: NativeSender): Account | undefined {
  if (!sender) return undefined;
  return { login: sender.login, bot: sender.type === undefined ? undefined : sender.type === 'Bot' };
}
