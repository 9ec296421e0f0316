import * as z from 'zod/mini';
import { momentSchema } from '../moment.ts';
import { pullRequestSchema } from './wire.ts';

// Native shapes of what is asked about a change request: reviews, statuses, commits, people, discussion.

const maybe = <T extends z.ZodMiniType>(schema: T) => z.optional(z.nullable(schema));

const someone = maybe(z.object({ id: z.optional(z.number()), login: z.string() }));

export type GiteaUser = z.infer<typeof someone>;

export const reviewsSchema = z.array(
  z.object({
    id: z.number(),
    // Null when a team was asked for a review.
    user: someone,
    state: z.string(),
    commit_id: maybe(z.string()),
    dismissed: maybe(z.boolean()),
    official: maybe(z.boolean()),
    submitted_at: momentSchema,
  }),
);

export type GiteaReview = z.infer<typeof reviewsSchema>[number];

export const commitStatusesSchema = z.array(
  z.object({ id: z.number(), status: z.string(), context: z.string(), target_url: maybe(z.string()) }),
);

export type GiteaStatus = z.infer<typeof commitStatusesSchema>[number];

const signature = maybe(z.object({ name: maybe(z.string()), email: maybe(z.string()) }));

export type Signature =
  | { readonly name?: string | null | undefined; readonly email?: string | null | undefined }
  | null
  | undefined;

export const commitSchema = z.object({
  sha: z.string(),
  commit: z.object({ author: signature, committer: signature, message: z.string() }),
  // The accounts that have confirmed these addresses.
  author: someone,
  committer: someone,
});

export type GiteaCommit = z.infer<typeof commitSchema>;

export const commitIdsSchema = z.array(z.object({ sha: z.string() }));

export const branchSchema = z.object({ name: z.string(), commit: z.object({ id: z.string() }) });

export const permissionSchema = z.object({ permission: z.string() });

export const usersSchema = z.array(z.object({ login: z.string() }));

export const teamsSchema = z.array(z.object({ id: z.number(), name: z.string() }));

export type GiteaTeam = z.infer<typeof teamsSchema>[number];

export const issuesSchema = z.array(
  z.object({ number: z.number(), labels: maybe(z.array(z.object({ name: z.string() }))) }),
);

export const discussedPullSchema = z.object({
  ...pullRequestSchema.shape,
  labels: maybe(z.array(z.object({ name: z.string() }))),
});

/** Null in place of an empty list. */
export const timelineSchema = z.pipe(
  z.nullable(
    z.array(
      z.object({
        id: z.number(),
        type: z.string(),
        user: someone,
        created_at: momentSchema,
        body: maybe(z.string()),
        label: maybe(z.object({ name: z.string() })),
      }),
    ),
  ),
  z.transform((items) => items ?? []),
);

export type TimelineItem = z.infer<typeof timelineSchema>[number];

/** The body of a `pull_push` item is JSON. */
export const pushSchema = z.object({ is_force_push: z.boolean(), commit_ids: z.array(z.string()) });

export const commentsSchema = z.array(
  z.object({ id: z.number(), user: someone, created_at: momentSchema, body: maybe(z.string()) }),
);

export const filesSchema = z.array(z.object({ filename: z.string(), previous_filename: maybe(z.string()) }));
