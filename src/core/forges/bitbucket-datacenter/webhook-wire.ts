import * as z from 'zod/mini';
import { pullRequestSchema, repositorySchema } from './wire.ts';

// Payloads of Bitbucket Data Center's webhooks (https://confluence.atlassian.com/bitbucketserver/event-payload-938025882.html), only the
// fields used.

const actorSchema = z.optional(z.nullable(z.object({ name: z.string(), type: z.optional(z.string()) })));

export type NativeActor = z.infer<typeof actorSchema>;

export const refsChangedSchema = z.object({
  actor: actorSchema,
  repository: repositorySchema,
  changes: z.array(
    z.object({
      ref: z.object({ id: z.string() }),
      fromHash: z.string(),
      toHash: z.string(),
    }),
  ),
});

export const pullRequestEventSchema = z.object({ actor: actorSchema, pullRequest: pullRequestSchema });
