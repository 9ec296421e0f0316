import * as z from 'zod/mini';
import { momentSchema } from '../moment.ts';

// Native shapes of GraphQL, only the fields asked for (survey-query.ts).

const maybe = <T extends z.ZodMiniType>(schema: T) => z.optional(z.nullable(schema));

const actor = z.nullable(z.object({ __typename: z.string(), login: z.string() }));

export type NativeActor = z.infer<typeof actor>;

const repository = z.nullable(z.object({ nameWithOwner: z.string() }));

const more = z.object({ hasNextPage: z.boolean() });

const gitActor = z.object({
  name: z.nullable(z.string()),
  email: z.nullable(z.string()),
  user: z.nullable(z.object({ login: z.string() })),
});

export type NativeGitActor = z.infer<typeof gitActor>;

const context = z.discriminatedUnion('__typename', [
  z.object({
    __typename: z.literal('CheckRun'),
    databaseId: z.number(),
    name: z.string(),
    status: z.string(),
    conclusion: z.nullable(z.string()),
    url: z.string(),
    repository: z.object({ nameWithOwner: z.string() }),
    checkSuite: z.nullable(z.object({ databaseId: z.number(), app: z.nullable(z.object({ slug: z.string() })) })),
  }),
  z.object({
    __typename: z.literal('StatusContext'),
    context: z.string(),
    state: z.string(),
    targetUrl: z.nullable(z.string()),
    creator: actor,
  }),
]);

export type NativeContext = z.infer<typeof context>;

const commit = z.object({
  oid: z.string(),
  // Null as long as nothing was reported.
  statusCheckRollup: maybe(z.object({ contexts: z.object({ pageInfo: more, nodes: z.array(context) }) })),
  authors: maybe(z.object({ pageInfo: more, nodes: z.array(gitActor) })),
  committer: maybe(gitActor),
});

export type NativeHeadCommit = z.infer<typeof commit>;

export const pullSchema = z.object({
  number: z.number(),
  title: z.string(),
  state: z.enum(['OPEN', 'CLOSED', 'MERGED']),
  isDraft: z.boolean(),
  url: z.string(),
  isCrossRepository: z.boolean(),
  author: actor,
  headRefName: z.string(),
  headRefOid: z.string(),
  headRepository: repository,
  baseRefName: z.string(),
  baseRefOid: z.string(),
  baseRepository: repository,
  reviews: maybe(
    z.object({
      pageInfo: more,
      nodes: z.array(
        z.object({
          state: z.string(),
          submittedAt: z.nullable(momentSchema),
          author: actor,
          authorCanPushToRepository: z.boolean(),
          commit: z.nullable(z.object({ oid: z.string() })),
        }),
      ),
    }),
  ),
  commits: maybe(z.object({ nodes: z.array(z.object({ commit })) })),
});

export type NativePull = z.infer<typeof pullSchema>;

const page = z.object({
  pageInfo: z.object({ hasNextPage: z.boolean(), endCursor: z.nullable(z.string()) }),
  nodes: z.array(pullSchema),
});

export type PullPage = z.infer<typeof page>;

/** `object` is null for a commit that the repository does not have, and empty for what is no commit. */
export const surveySchema = z.object({
  repository: z.object({
    nameWithOwner: z.string(),
    pullRequests: z.optional(page),
    object: maybe(z.object({ associatedPullRequests: z.optional(page) })),
  }),
});

export type SurveyPage = z.infer<typeof surveySchema>;
