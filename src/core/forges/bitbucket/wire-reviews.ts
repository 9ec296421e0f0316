import * as z from 'zod/mini';
import { momentSchema } from '../moment.ts';
import { pageOf, userSchema } from './wire.ts';

// Native shapes of what gate and the trust policies ask, only the fields used. They never leave this folder.

const timeSchema = z.optional(z.nullable(momentSchema));
const textSchema = z.optional(z.nullable(z.string()));

/** Commit links know little more of a pull request than its number. */
export const linkedRequestPageSchema = pageOf(z.object({ id: z.number() }));

// An empty one means something, so it must look like a page.
export const hashPageSchema = z.extend(pageOf(z.object({ hash: z.string() })), { pagelen: z.number() });

const participantSchema = z.object({
  user: userSchema,
  approved: z.boolean(),
  // Null for who has not decided; `approved` is older.
  state: textSchema,
  participated_on: timeSchema,
});

export type Participant = z.infer<typeof participantSchema>;

export const discussedRequestSchema = z.object({
  participants: z.array(participantSchema),
  source: z.object({ commit: z.optional(z.nullable(z.object({ hash: z.string() }))) }),
  destination: z.object({ branch: z.object({ name: z.string() }) }),
  links: z.object({ diffstat: z.object({ href: z.string() }) }),
});

const restrictionSchema = z.object({
  kind: z.string(),
  branch_match_kind: z.string(),
  pattern: textSchema,
});

export type Restriction = z.infer<typeof restrictionSchema>;

export const restrictionPageSchema = pageOf(restrictionSchema);

const buildSchema = z.object({
  key: z.string(),
  name: textSchema,
  state: z.string(),
  url: textSchema,
  updated_on: momentSchema,
});

export type Build = z.infer<typeof buildSchema>;

export const buildPageSchema = pageOf(buildSchema);

const signatureSchema = z.optional(z.nullable(z.object({ raw: textSchema, user: userSchema })));

export const commitSchema = z.object({
  hash: z.string(),
  message: textSchema,
  author: signatureSchema,
  // Came in 2023.
  committer: signatureSchema,
});

export type BitbucketCommit = z.infer<typeof commitSchema>;

export const branchSchema = z.object({ name: z.string(), target: z.object({ hash: z.string() }) });

export const permissionPageSchema = pageOf(z.object({ permission: z.string(), user: userSchema }));

export const commentPageSchema = pageOf(
  z.object({
    id: z.number(),
    user: userSchema,
    created_on: momentSchema,
    content: z.object({ raw: z.string() }),
    deleted: z.optional(z.nullable(z.boolean())),
  }),
);

const updateSchema = z.object({
  date: momentSchema,
  state: z.string(),
  source: z.object({ commit: z.optional(z.nullable(z.object({ hash: z.string() }))) }),
});

export type Update = z.infer<typeof updateSchema>;

/** Each activity has one field of its kind: `update`, `approval`, `comment`, … */
export const activityPageSchema = pageOf(z.object({ update: z.optional(updateSchema) }));

const sideSchema = z.optional(z.nullable(z.object({ path: z.string() })));

export const diffstatPageSchema = pageOf(z.object({ old: sideSchema, new: sideSchema }));
