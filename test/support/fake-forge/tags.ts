import { createHash } from 'node:crypto';
import type { FakeAnswer, FakeCall } from './server.ts';

export interface Tagging {
  readonly kind: 'strong' | 'weak';
  /** Whether a 304 repeats what leads to the next page, as Rack's does (GitLab); GitHub's does not. */
  readonly pages: boolean;
}

/**
 * The answer with a tag, or the 304 that says that it is still the one that the caller has. A tag is of the body alone, whatever the Link
 * header says, and of the credential, as on GitHub.
 */
export function tagged({ method, headers }: FakeCall, answer: FakeAnswer, { kind, pages }: Tagging): FakeAnswer {
  if (method !== 'GET' || answer.status !== 200) return answer;
  const credential = headers.authorization ?? headers['private-token'];
  const hash = createHash('sha1')
    .update(JSON.stringify([credential, answer.body]))
    .digest('hex');
  const etag = kind === 'weak' ? `W/"${hash}"` : `"${hash}"`;
  if (headers['if-none-match'] !== etag) return { ...answer, headers: { ...answer.headers, etag } };
  return { status: 304, headers: { ...(pages ? answer.headers : {}), etag } };
}
