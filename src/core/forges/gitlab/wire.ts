import * as z from 'zod/mini';

// Native shapes of GitLab's REST API v4 (https://docs.gitlab.com/api/rest/), only the fields used. They never leave this folder.

export const mergeRequestSchema = z.object({
  iid: z.number(),
  title: z.string(),
  state: z.enum(['opened', 'closed', 'locked', 'merged']),
  // `draft` came with GitLab 13.2; before, only `work_in_progress` existed.
  draft: z.optional(z.nullable(z.boolean())),
  work_in_progress: z.optional(z.nullable(z.boolean())),
  author: z.optional(z.nullable(z.object({ username: z.string() }))),
  web_url: z.string(),
  source_branch: z.string(),
  target_branch: z.string(),
  // Null when the fork was deleted.
  source_project_id: z.optional(z.nullable(z.number())),
  target_project_id: z.number(),
  // Null when the merge request has no commits.
  sha: z.optional(z.nullable(z.string())),
});

export type MergeRequest = z.infer<typeof mergeRequestSchema>;

export const mergeRequestsSchema = z.array(mergeRequestSchema);

export const projectSchema = z.object({
  path_with_namespace: z.string(),
  // Absent for anonymous readers, who see public projects only.
  visibility: z.optional(z.nullable(z.string())),
  default_branch: z.optional(z.nullable(z.string())),
});

export type Project = z.infer<typeof projectSchema>;

export const namespaceSchema = z.object({ id: z.number(), full_path: z.string() });

export const statusSchema = z.object({ status: z.string(), name: z.string() });
