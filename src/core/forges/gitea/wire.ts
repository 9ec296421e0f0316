import * as z from 'zod/mini';

// Native shapes of the API of Gitea and Forgejo (/api/v1, Swagger 2.0), only the fields used. They never leave this folder.
// Their descriptions mark nearly nothing as required, and both send null freely, so only what a mirror needs is demanded.

export const repositorySchema = z.object({
  full_name: z.string(),
  private: z.optional(z.nullable(z.boolean())),
  default_branch: z.optional(z.nullable(z.string())),
});

export type GiteaRepository = z.infer<typeof repositorySchema>;

const branchSchema = z.object({
  // The branch name; empty for a pull request made by pushing to refs/for/… (AGit), which has no branch.
  label: z.optional(z.nullable(z.string())),
  // The branch name, or refs/pull/N/head once the branch or the fork is gone.
  ref: z.string(),
  sha: z.optional(z.nullable(z.string())),
  // Null when the fork was deleted.
  repo: z.optional(z.nullable(repositorySchema)),
});

export type PullRequestBranch = z.infer<typeof branchSchema>;

export const pullRequestSchema = z.object({
  number: z.number(),
  title: z.string(),
  state: z.enum(['open', 'closed']),
  merged: z.optional(z.nullable(z.boolean())),
  // Came with Gitea 1.19; before, a title prefix was the only mark.
  draft: z.optional(z.nullable(z.boolean())),
  user: z.optional(z.nullable(z.object({ id: z.optional(z.number()), login: z.string() }))),
  html_url: z.string(),
  head: branchSchema,
  base: branchSchema,
});

export type PullRequest = z.infer<typeof pullRequestSchema>;

// No null entries: Gitea sends one when it could not load a pull request, and a listing with holes must not pass for whole.
export const pullRequestsSchema = z.array(pullRequestSchema);

export const userSchema = z.object({ login: z.string() });

export const statusSchema = z.object({ status: z.string(), context: z.string() });
