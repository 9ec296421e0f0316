import * as z from 'zod/mini';
import { momentSchema } from '../moment.ts';
import { pageOf } from './wire.ts';

// Native shapes of what gate and the trust policies ask, only the fields used. They never leave this folder.

const userSchema = z.optional(z.nullable(z.object({ name: z.string(), type: z.optional(z.string()) })));

export type DatacenterUser = z.infer<typeof userSchema>;

const textSchema = z.optional(z.nullable(z.string()));

// Milliseconds, or text where an administrator has asked for ISO dates.
const timeSchema = z.union([z.number(), momentSchema]);

const participantSchema = z.object({
  user: userSchema,
  // `APPROVED`, `NEEDS_WORK` or `UNAPPROVED`.
  status: textSchema,
  // Where the status was given; null once the server has forgotten it.
  lastReviewedCommit: textSchema,
});

export type Participant = z.infer<typeof participantSchema>;

export const reviewedRequestSchema = z.object({
  reviewers: z.array(participantSchema),
  participants: z.array(participantSchema),
  fromRef: z.object({ latestCommit: textSchema }),
});

export const requestSettingsSchema = z.object({ unapproveOnUpdate: z.optional(z.nullable(z.boolean())) });

const buildSchema = z.object({ key: z.string(), name: textSchema, state: z.string(), url: textSchema });

export type Build = z.infer<typeof buildSchema>;

export const oneBuildSchema = buildSchema;

export const buildPageSchema = pageOf(buildSchema);

const signatureSchema = z.object({
  name: z.string(),
  emailAddress: textSchema,
  displayName: z.optional(z.string()),
  slug: z.optional(z.string()),
  type: z.optional(z.string()),
});

export type Signature = z.infer<typeof signatureSchema>;

export const commitSchema = z.object({
  id: z.string(),
  author: signatureSchema,
  // Came with 5.0.
  committer: z.optional(signatureSchema),
  message: textSchema,
});

export type DatacenterCommit = z.infer<typeof commitSchema>;

// An empty one means something, so it must look like a page.
export const commitIdPageSchema = z.extend(pageOf(z.object({ id: z.string() })), { size: z.number() });

export const branchPageSchema = pageOf(z.object({ id: z.string(), latestCommit: z.string() }));

export const userPageSchema = pageOf(z.object({ name: z.string(), active: z.optional(z.boolean()) }));

/** With the answers to it, and the answers to those. */
export interface Comment {
  readonly id: number;
  readonly text: string;
  readonly author?: DatacenterUser;
  readonly createdDate: number;
  readonly state?: string | undefined;
  readonly comments?: readonly Comment[] | undefined;
}

const commentSchema: z.ZodMiniType<Comment> = z.object({
  id: z.number(),
  text: z.string(),
  author: userSchema,
  createdDate: timeSchema,
  // `PENDING`: a draft that its author alone can see.
  state: z.optional(z.string()),
  comments: z.optional(z.lazy(() => z.array(commentSchema))),
});

const activitySchema = z.object({
  id: z.number(),
  createdDate: timeSchema,
  action: z.string(),
  comment: z.optional(z.nullable(commentSchema)),
  // Of `RESCOPED`, when source or target moved.
  fromHash: textSchema,
  previousFromHash: textSchema,
});

export type Activity = z.infer<typeof activitySchema>;

export const activityPageSchema = pageOf(activitySchema);

const pathSchema = z.optional(z.nullable(z.object({ toString: z.string() })));

export const changePageSchema = pageOf(z.object({ path: z.object({ toString: z.string() }), srcPath: pathSchema }));
