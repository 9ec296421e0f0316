import type { Account } from '../../model/account.ts';
import type { ChangeEvent, CheckEvent, ForgeEvent } from '../../model/event.ts';
import { fullOid } from '../full-oid.ts';
import { decodePayload, ignored, parsePayload, presentOid, pushEvent } from '../payload.ts';
import { isSharedToken, isSigningToken, isStandardSignature } from '../signature.ts';
import type { WebhooksRole } from '../webhooks-role.ts';
import { states } from './convert.ts';
import {
  jobSchema,
  kindSchema,
  type MergeRequestEvent,
  mergeRequestEventSchema,
  type NativeUser,
  noteSchema,
  pipelineSchema,
  pushSchema,
} from './webhook-wire.ts';

/**
 * GitLab's deliveries (https://docs.gitlab.com/user/project/integrations/webhooks/). A secret token comes along as it is; a signing token
 * (`whsec_…`) signs id, time and body, and is never taken for a secret token.
 */
export const webhooks: WebhooksRole = {
  name(headers) {
    const event = headers['x-gitlab-event'];
    if (event === undefined) return undefined;
    // Not X-Gitlab-Event-UUID: all webhooks that one webhook sets off share it.
    return { guid: headers['webhook-id'] ?? headers['idempotency-key'], event };
  },

  isAuthentic(headers, body, secrets) {
    const signature = headers['webhook-signature'];
    if (signature !== undefined) {
      const sent = { id: headers['webhook-id'], timestamp: headers['webhook-timestamp'], signature };
      return isStandardSignature(sent, body, secrets);
    }
    const tokens = secrets.filter((secret) => !isSigningToken(secret));
    return isSharedToken(headers['x-gitlab-token'], tokens);
  },

  decode(event, body) {
    return [decode(event, parsePayload(event, body))];
  },
};

/** By the payload's own kind, because a system hook sends all kinds under one event. */
function decode(event: string, payload: unknown): ForgeEvent {
  const kind = decodePayload(event, payload, kindSchema);
  switch (kind) {
    case 'push':
    case 'tag_push': {
      const { project, ref, user_username, ...move } = decodePayload(event, payload, pushSchema);
      const by = user_username ? { login: user_username, bot: undefined } : undefined;
      return pushEvent(project.path_with_namespace, ref, move, by);
    }
    case 'merge_request':
      return mergeRequestEvent(decodePayload(event, payload, mergeRequestEventSchema));
    case 'note': {
      const { project, merge_request, user } = decodePayload(event, payload, noteSchema);
      if (!merge_request) return ignored('a comment, but not on a merge request');
      return endorsement('comment', project.path_with_namespace, merge_request.iid, user);
    }
    case 'pipeline':
      return pipelineEvent(event, payload);
    case 'build':
      return jobEvent(event, payload);
    default:
      return ignored(`sluice does nothing on the event ${JSON.stringify(kind)}`);
  }
}

const actions: Readonly<Record<string, ChangeEvent['action']>> = {
  open: 'opened',
  reopen: 'reopened',
  close: 'closed',
  merge: 'merged',
  update: 'edited',
};

function mergeRequestEvent(native: MergeRequestEvent): ForgeEvent {
  const { object_attributes: attributes, user, changes } = native;
  const repo = native.project.path_with_namespace;
  const { action = 'update', iid } = attributes;
  if (/^(un)?approv(ed|al)$/.test(action)) return endorsement('review', repo, iid, user);
  const pushed = action === 'update' && fullOid(attributes.oldrev) !== undefined;
  if (action === 'update' && !pushed && changes?.labels !== undefined) return endorsement('label', repo, iid, user);
  const known = actions[action];
  if (known === undefined) return ignored(`nothing is done on the action ${JSON.stringify(action)} of a merge request`);
  return {
    kind: 'change',
    repo,
    action: pushed ? 'updated' : known,
    change: {
      number: iid,
      title: attributes.title,
      state: states[attributes.state],
      draft: attributes.draft ?? attributes.work_in_progress ?? false,
      // Only the author's id is said, and who did this.
      author: user?.id !== undefined && user.id === attributes.author_id ? user.username : '',
      url: attributes.url,
      head: {
        repo: attributes.source?.path_with_namespace,
        branch: attributes.source_branch,
        sha: fullOid(attributes.last_commit?.id),
      },
      base: { repo, branch: attributes.target_branch, sha: undefined },
      internal: attributes.source_project_id === attributes.target_project_id,
    },
    by: account(user),
  };
}

function endorsement(what: 'review' | 'comment' | 'label', repo: string, number: number, user: NativeUser): ForgeEvent {
  return { kind: 'endorsement', repo, number, what, by: account(user) };
}

// https://docs.gitlab.com/api/pipelines/ and /api/jobs/; `manual` waits for a person. What is new counts as not ended.
const checkStates: Readonly<Record<string, CheckEvent['state']>> = {
  running: 'running',
  success: 'success',
  failed: 'failure',
  canceled: 'failure',
  skipped: 'skipped',
};

/** A pipeline as one check, under the name that GitLab gives its own status on other forges. */
function pipelineEvent(event: string, payload: unknown): ForgeEvent {
  const { project, object_attributes: pipeline } = decodePayload(event, payload, pipelineSchema);
  const sha = presentOid(pipeline.sha);
  if (sha === undefined) return ignored('its commit is not a whole object id');
  return {
    kind: 'check',
    repo: project.path_with_namespace,
    sha,
    ref: refOf(pipeline),
    name: 'pipeline',
    state: checkStates[pipeline.status] ?? 'pending',
    description: pipeline.detailed_status ?? pipeline.status,
    url: pipeline.url ?? undefined,
  };
}

function jobEvent(event: string, payload: unknown): ForgeEvent {
  const job = decodePayload(event, payload, jobSchema);
  const sha = presentOid(job.sha);
  if (!job.project || sha === undefined) return ignored('it names no project, or no whole commit');
  const { path_with_namespace: repo, web_url: page } = job.project;
  return {
    kind: 'check',
    repo,
    sha,
    ref: refOf(job),
    name: job.build_name,
    state: checkStates[job.build_status] ?? 'pending',
    description: (job.build_status === 'failed' ? job.build_failure_reason : undefined) ?? job.build_status,
    url: page ? `${page}/-/jobs/${job.build_id}` : undefined,
  };
}

/** A merge request's pipeline names a ref that is whole. */
function refOf({
  ref,
  tag,
}: {
  readonly ref?: string | null | undefined;
  readonly tag?: boolean | null | undefined;
}): string | undefined {
  if (!ref) return undefined;
  if (ref.startsWith('refs/')) return ref;
  return `refs/${tag ? 'tags' : 'heads'}/${ref}`;
}

function account(user: NativeUser): Account | undefined {
  return user ? { login: user.username, bot: undefined } : undefined;
}
