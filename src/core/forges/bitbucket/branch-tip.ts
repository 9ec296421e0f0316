import type { ApiClient } from '../../http/client.ts';
import type { Oid } from '../../model/ref.ts';
import { found } from '../answered.ts';
import { branchSegments } from '../branch-segments.ts';
import type { CallOptions } from '../call-options.ts';
import { exactTip } from '../exact-tip.ts';
import { assureRepository } from './listing.ts';
import { repositoryPath } from './urls.ts';
import { branchSchema } from './wire-reviews.ts';

/** Undefined: the repository, which is there, has no such branch. https://developer.atlassian.com/cloud/bitbucket/rest/api-group-refs/ */
export async function findTip(
  client: ApiClient,
  repo: string,
  branch: string,
  options: CallOptions,
): Promise<Oid | undefined> {
  const purpose = `find the branch ${branch} of ${repo}`;
  const answer = await client.send({
    path: `${repositoryPath(repo)}/refs/branches/${branchSegments(branch)}`,
    decode: (value) => branchSchema.parse(value),
    accept: [404],
    purpose,
    ...options,
  });
  const told = found(answer, purpose);
  if (told !== undefined) return exactTip({ name: told.name, sha: told.target.hash }, branch, purpose);
  await assureRepository(client, repo, options);
  return undefined;
}
