import * as z from 'zod/mini';

// Native shapes of Bitbucket Cloud's REST API 2.0, only the fields used. They never leave this folder.

/** One page of a listing. */
export function pageOf<T extends z.ZodMiniType>(item: T) {
  return z.object({
    values: z.array(item),
    // Absolute URL; absent on the last page.
    next: z.optional(z.nullable(z.string())),
  });
}

// Accounts have no login any more: `username` went in 2019, and the nickname is what people choose to be called.
export const userSchema = z.optional(
  z.nullable(
    z.object({
      uuid: z.optional(z.nullable(z.string())),
      type: z.optional(z.string()),
      display_name: z.optional(z.nullable(z.string())),
    }),
  ),
);

export type BitbucketUser = z.infer<typeof userSchema>;

const sideRepositorySchema = z.object({ full_name: z.string() });

const endpointSchema = z.object({
  branch: z.object({ name: z.string() }),
  // Null when the branch is gone; the hash is abbreviated to 12 digits.
  commit: z.optional(z.nullable(z.object({ hash: z.string() }))),
  // Null when the fork was deleted or is not visible.
  repository: z.optional(z.nullable(sideRepositorySchema)),
});

export type PullRequestEndpoint = z.infer<typeof endpointSchema>;

export const pullRequestSchema = z.object({
  id: z.number(),
  title: z.string(),
  state: z.enum(['OPEN', 'MERGED', 'DECLINED', 'SUPERSEDED']),
  draft: z.optional(z.nullable(z.boolean())),
  author: userSchema,
  links: z.object({ html: z.object({ href: z.string() }) }),
  source: endpointSchema,
  destination: z.extend(endpointSchema, { repository: sideRepositorySchema }),
});

export type PullRequest = z.infer<typeof pullRequestSchema>;

export const pullRequestPageSchema = pageOf(pullRequestSchema);

export const repositorySchema = z.object({
  full_name: z.string(),
  is_private: z.boolean(),
  // Null while the repository is empty.
  mainbranch: z.optional(z.nullable(z.object({ name: z.string() }))),
});

export type BitbucketRepository = z.infer<typeof repositorySchema>;

export const statusSchema = z.object({ state: z.string(), key: z.string() });
