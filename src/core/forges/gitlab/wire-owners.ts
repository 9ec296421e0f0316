import * as z from 'zod/mini';

// Native shapes of what is asked to learn who owns what a merge request brings.

const usersSchema = z.array(z.object({ username: z.string() }));

/** Of a code owner rule `name` is the pattern. */
const ruleSchema = z.object({
  name: z.string(),
  rule_type: z.string(),
  // Missing before GitLab 13.
  section: z.optional(z.nullable(z.string())),
  // 0 also where the branch does not require code owners by itself.
  approvals_required: z.number(),
  // Without those whom the project's settings keep from approving this one.
  eligible_approvers: usersSchema,
  users: usersSchema,
  // True and nobody eligible: they are hidden from the credential.
  contains_hidden_groups: z.boolean(),
});

export type ApprovalRule = z.infer<typeof ruleSchema>;

export const approvalStateSchema = z.object({ rules: z.array(ruleSchema) });

export const fileSchema = z.object({ size: z.number(), encoding: z.literal('base64'), content: z.string() });

/** Only where merge request approvals are licensed a project has this key (https://docs.gitlab.com/api/projects/). */
export const licensedProjectSchema = z.object({ id: z.number(), approvals_before_merge: z.optional(z.unknown()) });
