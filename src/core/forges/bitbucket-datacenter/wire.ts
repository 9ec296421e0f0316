import * as z from 'zod/mini';

// Native shapes of Bitbucket Data Center's REST API 1.0, only the fields used. They never leave this folder.

export const repositorySchema = z.object({
  slug: z.string(),
  project: z.object({ key: z.string() }),
  public: z.optional(z.nullable(z.boolean())),
});

export type DatacenterRepository = z.infer<typeof repositorySchema>;

const refSchema = z.object({
  /** Full ref name. */
  id: z.string(),
  latestCommit: z.optional(z.nullable(z.string())),
  // Missing when the fork was deleted.
  repository: z.optional(z.nullable(repositorySchema)),
});

export type PullRequestRef = z.infer<typeof refSchema>;

export const pullRequestSchema = z.object({
  id: z.number(),
  title: z.string(),
  state: z.enum(['OPEN', 'MERGED', 'DECLINED']),
  // Came with 8.18.
  draft: z.optional(z.nullable(z.boolean())),
  author: z.optional(z.nullable(z.object({ user: z.optional(z.nullable(z.object({ name: z.string() }))) }))),
  fromRef: refSchema,
  toRef: z.extend(refSchema, { repository: repositorySchema }),
});

export type PullRequest = z.infer<typeof pullRequestSchema>;

/** One page of a listing. */
export function pageOf<T extends z.ZodMiniType>(item: T) {
  return z.object({
    values: z.array(item),
    isLastPage: z.boolean(),
    nextPageStart: z.optional(z.nullable(z.number())),
  });
}

export const pullRequestPageSchema = pageOf(pullRequestSchema);

export const branchSchema = z.object({ id: z.string() });
