import * as z from 'zod/mini';
import { pullRequestSchema } from './wire.ts';

// Payloads of Gitea's, Forgejo's and Gogs' webhooks (https://docs.gitea.com/usage/webhooks), only the fields used.

const accountSchema = z.optional(
  z.nullable(z.object({ login: z.optional(z.string()), username: z.optional(z.string()) })),
);

export type NativeSender = z.infer<typeof accountSchema>;

const common = {
  repository: z.object({ full_name: z.string() }),
  sender: accountSchema,
};

export const pushSchema = z.object({
  ...common,
  ref: z.string(),
  before: z.optional(z.nullable(z.string())),
  after: z.optional(z.nullable(z.string())),
});

/** A created or deleted ref: its name is short, and `ref_type` says of what kind. */
export const refSchema = z.object({
  ...common,
  ref: z.string(),
  ref_type: z.string(),
  sha: z.optional(z.nullable(z.string())),
});

export const pullRequestEventSchema = z.object({ ...common, action: z.string(), pull_request: pullRequestSchema });

export const reviewSchema = z.object({
  ...common,
  pull_request: z.object({ number: z.number() }),
});

export const commentSchema = z.object({
  ...common,
  issue: z.object({ number: z.number(), pull_request: z.optional(z.unknown()) }),
  is_pull: z.optional(z.nullable(z.boolean())),
});

export const statusEventSchema = z.object({
  repo: z.optional(z.object({ full_name: z.string() })),
  repository: z.optional(z.object({ full_name: z.string() })),
  sha: z.string(),
  state: z.string(),
  context: z.string(),
  description: z.optional(z.nullable(z.string())),
  target_url: z.optional(z.nullable(z.string())),
});
