import * as z from 'zod/mini';
import { momentSchema } from '../moment.ts';
import { pullRequestSchema } from './wire.ts';

// Native shapes of what is asked about a change request: reviews, checks, commits, people, discussion.

export const userSchema = z.object({ login: z.string(), type: z.optional(z.string()) });

export type NativeUser = z.infer<typeof userSchema>;

const someone = z.nullable(userSchema);

export const reviewsSchema = z.array(
  z.object({
    id: z.number(),
    // Null when the account was deleted.
    user: someone,
    state: z.string(),
    // Null when the commit is gone.
    commit_id: z.optional(z.nullable(z.string())),
    // Absent as long as a review is not submitted.
    submitted_at: z.optional(z.nullable(momentSchema)),
    author_association: z.optional(z.string()),
  }),
);

export type NativeReview = z.infer<typeof reviewsSchema>[number];

export const checkRunsSchema = z.object({
  total_count: z.number(),
  check_runs: z.array(
    z.object({
      id: z.number(),
      name: z.string(),
      head_sha: z.string(),
      status: z.string(),
      conclusion: z.nullable(z.string()),
      html_url: z.optional(z.nullable(z.string())),
      // Null when the App was deleted.
      app: z.optional(z.nullable(z.object({ slug: z.optional(z.string()) }))),
      check_suite: z.optional(z.nullable(z.object({ id: z.number() }))),
    }),
  ),
});

export type NativeCheckRun = z.infer<typeof checkRunsSchema>['check_runs'][number];

export const commitStatusesSchema = z.array(
  z.object({
    id: z.number(),
    state: z.string(),
    context: z.string(),
    target_url: z.nullable(z.string()),
    creator: z.optional(someone),
  }),
);

export type NativeStatus = z.infer<typeof commitStatusesSchema>[number];

const signature = z.nullable(
  z.object({ name: z.optional(z.nullable(z.string())), email: z.optional(z.nullable(z.string())) }),
);

// An address that belongs to no account is null, or an empty object.
const linked = z.optional(z.nullable(z.object({ login: z.optional(z.string()), type: z.optional(z.string()) })));

export const commitSchema = z.object({
  sha: z.string(),
  commit: z.object({ author: signature, committer: signature, message: z.string() }),
  author: linked,
  committer: linked,
});

export type NativeCommit = z.infer<typeof commitSchema>;

export const comparisonSchema = z.object({ status: z.enum(['ahead', 'behind', 'diverged', 'identical']) });

export const branchRefSchema = z.object({
  ref: z.string(),
  object: z.object({ type: z.literal('commit'), sha: z.string() }),
});

export const permissionSchema = z.object({ permission: z.string() });

export const usersSchema = z.array(userSchema);

/** Issues and pull requests come in one listing; the latter have this key. */
export const issuesSchema = z.array(z.object({ number: z.number(), pull_request: z.optional(z.unknown()) }));

/** One pull request's own answer, with what only the trust policies read. */
export const discussedPullSchema = z.object({
  ...pullRequestSchema.shape,
  labels: z.array(z.object({ name: z.string() })),
  author_association: z.optional(z.string()),
});

export const eventsSchema = z.array(
  z.object({
    event: z.string(),
    actor: z.optional(someone),
    created_at: momentSchema,
    label: z.optional(z.object({ name: z.optional(z.nullable(z.string())) })),
  }),
);

export const commentsSchema = z.array(
  z.object({ user: someone, created_at: momentSchema, body: z.optional(z.nullable(z.string())) }),
);

export const activitySchema = z.array(z.object({ after: z.string(), ref: z.string(), timestamp: momentSchema }));

export const filesSchema = z.array(z.object({ filename: z.string(), previous_filename: z.optional(z.string()) }));
