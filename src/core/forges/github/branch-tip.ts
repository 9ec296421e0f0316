import type { ApiClient } from '../../http/client.ts';
import type { Oid } from '../../model/ref.ts';
import { answered, found } from '../answered.ts';
import type { CallOptions } from '../call-options.ts';
import { exactTip } from '../exact-tip.ts';
import { repositoryPath } from './urls.ts';
import { repositorySchema } from './wire.ts';
import { branchRefSchema } from './wire-reviews.ts';

/** Undefined: the repository, which is there, has no such branch. https://docs.github.com/en/rest/git/refs#get-a-reference */
export async function findTip(
  client: ApiClient,
  repo: string,
  branch: string,
  options: CallOptions,
): Promise<Oid | undefined> {
  const purpose = `find the branch ${branch} of ${repo}`;
  const answer = await client.send({
    // By its whole name: by a short one, a tag could be meant.
    path: `${repositoryPath(repo)}/git/ref/${encodeURIComponent(`heads/${branch}`)}`,
    decode: (value) => branchRefSchema.parse(value),
    accept: [404],
    purpose,
    ...options,
  });
  const told = found(answer, purpose);
  if (told !== undefined) {
    return exactTip({ name: told.ref, sha: told.object.sha }, `refs/heads/${branch}`, purpose);
  }
  await assureRepository(client, repo, options);
  return undefined;
}

/** The same 404 is said of a branch and of a repository; the latter is a failure. */
async function assureRepository(client: ApiClient, repo: string, options: CallOptions): Promise<void> {
  const purpose = `find the repository ${repo}`;
  const decode = (value: unknown) => repositorySchema.parse(value);
  answered(await client.send({ path: repositoryPath(repo), decode, purpose, ...options }), purpose);
}
