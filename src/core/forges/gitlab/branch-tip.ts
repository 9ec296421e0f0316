import type { ApiClient } from '../../http/client.ts';
import type { Oid } from '../../model/ref.ts';
import { answered } from '../answered.ts';
import type { CallOptions } from '../call-options.ts';
import { exactTip } from '../exact-tip.ts';
import { isMissing } from './listing.ts';
import { projectPath } from './urls.ts';
import { branchSchema } from './wire-reviews.ts';

/** Undefined: the project, which is there, has no such branch. https://docs.gitlab.com/api/branches/#get-single-repository-branch */
export async function findTip(
  client: ApiClient,
  repo: string,
  branch: string,
  options: CallOptions,
): Promise<Oid | undefined> {
  const purpose = `find the branch ${branch} of ${repo}`;
  const answer = await client.send({
    path: `${projectPath(repo)}/repository/branches/${encodeURIComponent(branch)}`,
    decode: (value) => branchSchema.parse(value),
    accept: [404],
    purpose,
    ...options,
  });
  if (isMissing(answer, 'Branch', purpose)) return undefined;
  const { name, commit } = answered(answer, purpose);
  return exactTip({ name, sha: commit.id }, branch, purpose);
}
