import { SluiceError } from '../../errors.ts';
import type { ApiClient } from '../../http/client.ts';
import type { CheckState } from '../../model/check.ts';
import { shortOid } from '../../model/ref.ts';
import { found } from '../answered.ts';
import type { CallOptions } from '../call-options.ts';
import { type ListedCheck, oneCheckEach } from '../one-check-each.ts';
import type { ChecksRole } from '../review-roles.ts';
import { findCommit } from './commits.ts';
import { readAll } from './listing.ts';
import { commitPath } from './urls.ts';
import { type Build, buildPageSchema, oneBuildSchema } from './wire-reviews.ts';

// The listing has the latest hundred of a commit, and says nothing of the rest.
const mostBuilds = 100;

// How many builds are asked for at a time.
const atOnce = 8;

/**
 * Build statuses. Only `/rest/build-status/1.0` lists them (`older`), and for all repositories that have the commit; so each key is
 * asked for again where it counts. Bitbucket vouches for nobody: whoever may read the repository may report under any key.
 */
export function checksRole(client: ApiClient, older: ApiClient): ChecksRole {
  return {
    async list(repo, sha, options = {}) {
      const purpose = `list the build statuses of ${repo} at ${shortOid(sha)}`;
      const [commit, listed] = await Promise.all([
        findCommit(client, repo, sha, options),
        readAll(older, {
          path: `/commits/${sha}`,
          decode: (value) => buildPageSchema.parse(value),
          purpose,
          ...options,
        }),
      ]);
      if (commit === undefined) return [];
      if (listed.length >= mostBuilds) {
        throw new SluiceError('unavailable', `could not ${purpose}: there may be more than the ${mostBuilds} shown`, {
          hint: 'Report fewer builds for one commit.',
        });
      }
      const keys = [...new Set(listed.map(({ key }) => key))];
      const builds: Build[] = [];
      for (let at = 0; at < keys.length; at += atOnce) {
        const some = keys.slice(at, at + atOnce).map((key) => findBuild(client, repo, sha, key, options));
        builds.push(...(await Promise.all(some)).filter((build) => build !== undefined));
      }
      return oneCheckEach(builds.flatMap((build) => convertBuild(build, repo, sha)));
    },
  };
}

/** Undefined: it was reported on another repository. */
async function findBuild(
  client: ApiClient,
  repo: string,
  sha: string,
  key: string,
  options: CallOptions,
): Promise<Build | undefined> {
  const purpose = `find the build ${JSON.stringify(key)} of ${repo} at ${shortOid(sha)}`;
  const answer = await client.send({
    path: `${commitPath(repo, sha)}/builds`,
    query: { key },
    decode: (value) => oneBuildSchema.parse(value),
    accept: [404],
    purpose,
    ...options,
  });
  // An address that the server does not know at all.
  if (answer.status === 404 && /null for uri/i.test(answer.refusal ?? '')) {
    throw new SluiceError('unavailable', `could not ${purpose}: the server does not say where a build was reported`, {
      hint: 'Builds belong to a repository since Bitbucket 7.4.',
    });
  }
  return found(answer, purpose);
}

/** By its key, which stays the same from build to build, and by its name, which is what the pages show. */
function convertBuild({ key, name, state, url }: Build, repo: string, sha: string): readonly ListedCheck[] {
  const names = new Set([key, name || key]);
  return Array.from(names, (one) => ({
    check: { name: one, app: undefined, repo, sha, state: buildState(state), url: url || undefined },
    order: 0,
    group: key,
    withdrawn: false,
  }));
}

function buildState(state: string): CheckState {
  if (state === 'SUCCESSFUL') return 'success';
  return state === 'FAILED' || state === 'CANCELLED' ? 'failure' : 'pending';
}
