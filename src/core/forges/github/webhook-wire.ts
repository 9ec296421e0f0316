import * as z from 'zod/mini';
import { pullRequestSchema } from './wire.ts';

// Payloads of GitHub's webhooks (https://docs.github.com/en/webhooks/webhook-events-and-payloads), only the fields used.

const accountSchema = z.optional(z.nullable(z.object({ login: z.string(), type: z.optional(z.string()) })));

const common = {
  repository: z.object({ full_name: z.string() }),
  sender: accountSchema,
};

export type NativeSender = z.infer<typeof accountSchema>;

export const pushSchema = z.object({
  ...common,
  ref: z.string(),
  before: z.optional(z.nullable(z.string())),
  after: z.optional(z.nullable(z.string())),
});

export const pullRequestEventSchema = z.object({ ...common, action: z.string(), pull_request: pullRequestSchema });

export const reviewSchema = z.object({
  ...common,
  action: z.string(),
  pull_request: z.object({ number: z.number() }),
});

export const commentSchema = z.object({
  ...common,
  action: z.string(),
  // The key `pull_request` is there when the issue is one.
  issue: z.object({ number: z.number(), pull_request: z.optional(z.unknown()) }),
});

export const statusEventSchema = z.object({
  ...common,
  sha: z.string(),
  state: z.enum(['pending', 'success', 'failure', 'error']),
  context: z.string(),
  description: z.optional(z.nullable(z.string())),
  target_url: z.optional(z.nullable(z.string())),
  branches: z.optional(z.array(z.object({ name: z.string() }))),
});

export const checkRunSchema = z.object({
  ...common,
  check_run: z.object({
    name: z.string(),
    head_sha: z.string(),
    status: z.string(),
    conclusion: z.optional(z.nullable(z.string())),
    html_url: z.optional(z.nullable(z.string())),
    details_url: z.optional(z.nullable(z.string())),
    output: z.optional(z.object({ title: z.optional(z.nullable(z.string())) })),
    check_suite: z.optional(z.nullable(z.object({ head_branch: z.optional(z.nullable(z.string())) }))),
  }),
});
