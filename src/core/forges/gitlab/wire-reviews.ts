import * as z from 'zod/mini';
import { momentSchema } from '../moment.ts';
import { mergeRequestSchema } from './wire.ts';

// Native shapes of what gate and the trust policies ask, only the fields used. They never leave this folder.

const userSchema = z.optional(z.nullable(z.object({ username: z.string() })));

export type GitlabUser = z.infer<typeof userSchema>;

const timeSchema = z.optional(z.nullable(momentSchema));

export const usersSchema = z.array(z.object({ id: z.number(), username: z.string() }));

export const projectIdSchema = z.object({ id: z.number(), path_with_namespace: z.string() });

export const labeledRequestsSchema = z.array(z.extend(mergeRequestSchema, { labels: z.array(z.string()) }));

export const approvalsSchema = z.object({
  // `approved_at` is missing before GitLab 18.
  approved_by: z.array(z.object({ user: userSchema, approved_at: timeSchema })),
});

export type Approvals = z.infer<typeof approvalsSchema>;

export const reviewersSchema = z.array(z.object({ user: userSchema, state: z.string() }));

export type Reviewers = readonly z.infer<typeof reviewersSchema>[number][];

export const approvalSettingsSchema = z.object({
  reset_approvals_on_push: z.optional(z.nullable(z.boolean())),
});

/** A merge request as it is asked for beside its reviews, labels and files. */
export const discussedRequestSchema = z.object({
  labels: z.array(z.string()),
  // Came with GitLab 15.6.
  detailed_merge_status: z.optional(z.nullable(z.string())),
  // A string: `1000+` where there are more than GitLab keeps. Null until they have been counted.
  changes_count: z.optional(z.nullable(z.string())),
});

export const versionsSchema = z.array(
  z.object({ id: z.number(), head_commit_sha: z.optional(z.nullable(z.string())), created_at: momentSchema }),
);

export type Versions = readonly z.infer<typeof versionsSchema>[number][];

export const jobsSchema = z.array(
  z.object({
    id: z.number(),
    sha: z.string(),
    ref: z.optional(z.nullable(z.string())),
    name: z.string(),
    status: z.string(),
    target_url: z.optional(z.nullable(z.string())),
  }),
);

export type Job = z.infer<typeof jobsSchema>[number];

const textSchema = z.optional(z.nullable(z.string()));

export const commitSchema = z.object({
  id: z.string(),
  message: textSchema,
  author_name: textSchema,
  author_email: textSchema,
  committer_name: textSchema,
  committer_email: textSchema,
});

export type GitlabCommit = z.infer<typeof commitSchema>;

export const branchSchema = z.object({ name: z.string(), commit: z.object({ id: z.string() }) });

export const memberSchema = z.object({
  username: z.string(),
  access_level: z.number(),
  // Of the account: `active`, `blocked`, `deactivated`, …
  state: z.string(),
  // Of the membership: `active`, or `awaiting` until an owner agrees.
  membership_state: textSchema,
});

export type Member = z.infer<typeof memberSchema>;

export const membersSchema = z.array(memberSchema);

export const labelEventsSchema = z.array(
  z.object({
    id: z.number(),
    user: userSchema,
    created_at: momentSchema,
    action: z.string(),
    // Null when the label itself was deleted.
    label: z.optional(z.nullable(z.object({ name: z.string() }))),
  }),
);

export const stateEventsSchema = z.array(z.object({ created_at: momentSchema, state: z.string() }));

export const notesSchema = z.array(
  z.object({ author: userSchema, created_at: momentSchema, body: textSchema, system: z.boolean() }),
);

export const diffsSchema = z.array(z.object({ old_path: z.string(), new_path: z.string() }));
