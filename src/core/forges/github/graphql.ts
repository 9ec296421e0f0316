import * as z from 'zod/mini';
import { type ErrorCode, SluiceError } from '../../errors.ts';
import type { ApiClient } from '../../http/client.ts';
import { oneLine } from '../../http/words.ts';
import { answered } from '../answered.ts';
import type { CallOptions } from '../call-options.ts';

/** GraphQL lies beside REST: `api.github.com/graphql`, and `/api/graphql` where REST is at `/api/v3`. Without its last part, `/graphql`. */
export function graphqlBase(apiUrl: string): string {
  return apiUrl.replace(/\/api\/v3$/, '/api');
}

const errorSchema = z.object({ type: z.optional(z.string()), message: z.string() });

// A server without GraphQL says one of these.
const absent = [400, 404, 405, 501] as const;

// What the credential may not read through GraphQL is asked by REST, which says which right is missing.
const refused = new Set(['FORBIDDEN', 'INSUFFICIENT_SCOPES', 'SAML_ENFORCEMENT']);

/** Undefined: the server does not answer this by GraphQL. An answer with errors is none, even if it has data. */
export async function queryGraphql<T>(
  client: ApiClient,
  request: {
    readonly query: string;
    readonly variables: Readonly<Record<string, unknown>>;
    readonly schema: z.ZodMiniType<T>;
    readonly purpose: string;
  },
  options: CallOptions,
): Promise<T | undefined> {
  const { query, variables, schema, purpose } = request;
  const envelope = z.object({ data: z.optional(z.unknown()), errors: z.optional(z.array(errorSchema)) });
  const answer = await client.send({
    method: 'POST',
    path: '/graphql',
    body: { query, variables },
    idempotent: true,
    decode: (value) => {
      const { data, errors = [] } = envelope.parse(value);
      return errors.length > 0 ? { errors } : { data: schema.parse(data) };
    },
    accept: absent,
    purpose,
    ...options,
  });
  if (answer.status >= 400) return undefined;
  const value = answered(answer, purpose);
  if ('data' in value) return value.data;
  const [first] = value.errors;
  if (value.errors.some(({ type }) => refused.has(type ?? ''))) return undefined;
  throw new SluiceError(
    codeOf(first?.type),
    `could not ${purpose}: ${oneLine(first?.message ?? 'an error without words').replace(/\.$/, '')}`,
    {
      hint:
        first?.type === 'RATE_LIMITED'
          ? 'Try again in a few minutes.'
          : 'Check the repository and what the credential may see.',
    },
  );
}

function codeOf(type: string | undefined): ErrorCode {
  if (type === 'RATE_LIMITED') return 'rate-limited';
  return type === 'NOT_FOUND' ? 'not-found' : 'unavailable';
}
