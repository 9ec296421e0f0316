import * as z from 'zod/mini';
import { pullRequestSchema, userSchema } from './wire.ts';

// Payloads of Bitbucket Cloud's webhooks (https://support.atlassian.com/bitbucket-cloud/docs/event-payloads/), only the fields used.

const common = { repository: z.object({ full_name: z.string() }), actor: userSchema };

const endSchema = z.optional(
  z.nullable(z.object({ type: z.string(), name: z.string(), target: z.object({ hash: z.string() }) })),
);

export const pushSchema = z.object({
  ...common,
  push: z.object({ changes: z.array(z.object({ new: endSchema, old: endSchema })) }),
});

export const pullRequestEventSchema = z.object({ ...common, pullrequest: pullRequestSchema });

export const endorsementSchema = z.object({ ...common, pullrequest: z.object({ id: z.number() }) });

export const statusEventSchema = z.object({
  ...common,
  commit_status: z.object({
    key: z.string(),
    name: z.optional(z.nullable(z.string())),
    state: z.string(),
    description: z.optional(z.nullable(z.string())),
    url: z.optional(z.nullable(z.string())),
    refname: z.optional(z.nullable(z.string())),
    commit: z.object({ hash: z.string() }),
  }),
});
