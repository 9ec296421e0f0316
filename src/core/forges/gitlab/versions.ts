import type { ApiClient } from '../../http/client.ts';
import type { Oid } from '../../model/ref.ts';
import type { CallOptions } from '../call-options.ts';
import { fullOid } from '../full-oid.ts';
import { readAll } from './listing.ts';
import { requestPath } from './urls.ts';
import { type Versions, versionsSchema } from './wire-reviews.ts';

/** What a merge request has been, newest first: one for each push and each move of its target (https://docs.gitlab.com/api/merge_requests/#get-merge-request-diff-versions). */
export async function listVersions(
  client: ApiClient,
  repo: string,
  number: number,
  options: CallOptions,
): Promise<Versions> {
  const versions = await readAll(client, {
    path: `${requestPath(repo, number)}/versions`,
    decode: (value) => versionsSchema.parse(value),
    purpose: `list the versions of merge request !${number} of ${repo}`,
    ...options,
  });
  return versions.toSorted((a, b) => b.id - a.id);
}

/** When this head came, and stayed; undefined when the newest version has another. */
export function headSinceOf(versions: Versions, sha: Oid | undefined): number | undefined {
  if (sha === undefined) return undefined;
  const end = versions.findIndex(({ head_commit_sha }) => fullOid(head_commit_sha) !== sha);
  const present = end === -1 ? versions : versions.slice(0, end);
  return present.at(-1)?.created_at;
}

/** The head at a time; undefined for one before the first version, and at the very moment of a push. */
export function headAt(versions: Versions, at: number | undefined): Oid | undefined {
  if (at === undefined || versions.some(({ created_at }) => created_at === at)) return undefined;
  return fullOid(versions.find(({ created_at }) => created_at < at)?.head_commit_sha);
}
