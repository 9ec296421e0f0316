import type { ApiClient } from '../../http/client.ts';
import type { Oid } from '../../model/ref.ts';
import type { CallOptions } from '../call-options.ts';
import { exactTip } from '../exact-tip.ts';
import { readAll } from './listing.ts';
import { repositoryPath } from './urls.ts';
import { branchPageSchema } from './wire-reviews.ts';

/**
 * Undefined: the repository has no such branch. The API knows no address of one branch: the filter finds all that have the text somewhere
 * in their names, in any case. https://developer.atlassian.com/server/bitbucket/rest/ ("Get branches")
 */
export async function findTip(
  client: ApiClient,
  repo: string,
  branch: string,
  options: CallOptions,
): Promise<Oid | undefined> {
  const purpose = `find the branch ${branch} of ${repo}`;
  const ref = `refs/heads/${branch}`;
  const branches = await readAll(client, {
    path: `${repositoryPath(repo)}/branches`,
    query: { filterText: branch },
    decode: (value) => branchPageSchema.parse(value),
    purpose,
    ...options,
  });
  const told = branches.find(({ id }) => id === ref);
  return told && exactTip({ name: told.id, sha: told.latestCommit }, ref, purpose);
}
