import * as z from 'zod/mini';

// Native shapes of GitHub's REST API (2022-11-28), only the fields used. They never leave this folder.

export const repositorySchema = z.object({
  id: z.number(),
  full_name: z.string(),
  private: z.boolean(),
  // Absent in the short form inside other answers of some Enterprise Server versions.
  default_branch: z.optional(z.nullable(z.string())),
});

export type NativeRepository = z.infer<typeof repositorySchema>;

const sideSchema = z.object({
  ref: z.string(),
  sha: z.string(),
  // Null when the fork was deleted, whatever GitHub's own description says.
  repo: z.nullable(repositorySchema),
});

export const pullRequestSchema = z.object({
  number: z.number(),
  title: z.string(),
  state: z.enum(['open', 'closed']),
  draft: z.optional(z.boolean()),
  merged_at: z.nullable(z.string()),
  user: z.nullable(z.object({ login: z.string() })),
  html_url: z.string(),
  head: sideSchema,
  base: sideSchema,
});

export type PullRequest = z.infer<typeof pullRequestSchema>;

export const pullRequestsSchema = z.array(pullRequestSchema);

export const accountSchema = z.object({ login: z.string(), type: z.string() });

export const installationSchema = z.object({ id: z.number() });

export const accessTokenSchema = z.object({ token: z.string(), expires_at: z.string() });

export const statusSchema = z.object({ state: z.string(), context: z.string() });
