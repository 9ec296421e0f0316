import * as z from 'zod/mini';

// Payloads of GitLab's webhooks (https://docs.gitlab.com/user/project/integrations/webhook_events/), only the fields used.

const projectSchema = z.object({ path_with_namespace: z.string() });

const userSchema = z.optional(z.nullable(z.object({ id: z.optional(z.number()), username: z.string() })));

export type NativeUser = z.infer<typeof userSchema>;

/** A system hook's payload may have the second only. */
export const kindSchema = z.union([
  z.pipe(
    z.object({ object_kind: z.string() }),
    z.transform(({ object_kind }) => object_kind),
  ),
  z.pipe(
    z.object({ event_name: z.string() }),
    z.transform(({ event_name }) => event_name),
  ),
]);

export const pushSchema = z.object({
  project: projectSchema,
  ref: z.string(),
  before: z.optional(z.nullable(z.string())),
  after: z.optional(z.nullable(z.string())),
  user_username: z.optional(z.nullable(z.string())),
});

export const mergeRequestEventSchema = z.object({
  user: userSchema,
  project: projectSchema,
  object_attributes: z.object({
    iid: z.number(),
    title: z.string(),
    state: z.enum(['opened', 'closed', 'locked', 'merged']),
    draft: z.optional(z.nullable(z.boolean())),
    work_in_progress: z.optional(z.nullable(z.boolean())),
    author_id: z.optional(z.nullable(z.number())),
    url: z.string(),
    source_branch: z.string(),
    target_branch: z.string(),
    source_project_id: z.optional(z.nullable(z.number())),
    target_project_id: z.number(),
    // Null when the fork was deleted.
    source: z.optional(z.nullable(projectSchema)),
    last_commit: z.optional(z.nullable(z.object({ id: z.string() }))),
    // Absent when GitLab itself changed something.
    action: z.optional(z.string()),
    // The head before, only when commits were pushed.
    oldrev: z.optional(z.nullable(z.string())),
  }),
  changes: z.optional(z.nullable(z.object({ labels: z.optional(z.unknown()) }))),
});

export type MergeRequestEvent = z.infer<typeof mergeRequestEventSchema>;

export const noteSchema = z.object({
  user: userSchema,
  project: projectSchema,
  object_attributes: z.object({ noteable_type: z.optional(z.nullable(z.string())) }),
  merge_request: z.optional(z.nullable(z.object({ iid: z.number() }))),
});

export const pipelineSchema = z.object({
  project: projectSchema,
  object_attributes: z.object({
    id: z.number(),
    ref: z.optional(z.nullable(z.string())),
    tag: z.optional(z.nullable(z.boolean())),
    sha: z.string(),
    source: z.optional(z.nullable(z.string())),
    status: z.string(),
    detailed_status: z.optional(z.nullable(z.string())),
    url: z.optional(z.nullable(z.string())),
  }),
});

export const jobSchema = z.object({
  // Came with 15.x.
  project: z.optional(z.nullable(z.extend(projectSchema, { web_url: z.optional(z.nullable(z.string())) }))),
  ref: z.optional(z.nullable(z.string())),
  tag: z.optional(z.nullable(z.boolean())),
  sha: z.string(),
  build_id: z.number(),
  build_name: z.string(),
  build_status: z.string(),
  build_failure_reason: z.optional(z.nullable(z.string())),
});
