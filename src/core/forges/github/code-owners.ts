import { SluiceError } from '../../errors.ts';
import type { ApiClient } from '../../http/client.ts';
import type { OwnedPart } from '../../model/code-owners.ts';
import { isExactPath } from '../../model/exact-path.ts';
import { type Oid, shortOid } from '../../model/ref.ts';
import { answered } from '../answered.ts';
import type { CallOptions } from '../call-options.ts';
import { noSuchBranch } from '../exact-tip.ts';
import { firstPresent } from '../first-present.ts';
import { fullOid } from '../full-oid.ts';
import type { CodeOwnersRole } from '../review-roles.ts';
import type { ClientFor } from './api.ts';
import { findTip } from './branch-tip.ts';
import { ownedParts, parseOwnersFile } from './owners-file.ts';
import { repositoryPath } from './urls.ts';
import { changedFilesSchema, fileSchema } from './wire-owners.ts';

// The first of them that is there counts.
const places = ['.github/CODEOWNERS', 'CODEOWNERS', 'docs/CODEOWNERS'];

// "It includes up to 300 changed files for the entire comparison": https://docs.github.com/en/rest/commits/commits#compare-two-commits
const mostFiles = 300;

/**
 * CODEOWNERS of the base branch, over what lies between that branch and the commit. Both are asked by the id of the branch's commit: by its
 * name, a tag of the same name could be meant, which whoever may push can make.
 */
export function codeOwnersRole(clientFor: ClientFor): CodeOwnersRole {
  return {
    async list(repo, { base }, sha, options = {}) {
      const client = clientFor(repo);
      const tip = await findTip(client, repo, base.branch, options);
      if (tip === undefined) throw noSuchBranch(repo, base.branch);
      const [file, paths] = await Promise.all([
        firstPresent(places.map((place) => readFile(client, repo, place, { tip, options }))),
        changedPaths(client, repo, { tip, sha }, options),
      ]);
      if (file === undefined) return undefined;
      const what = `${file.place} of ${repo}`;
      const read = parseOwnersFile(file.text);
      if ('problem' in read) throw unreadable(what, read.problem);
      const parts = ownedParts(read.lines, paths);
      const stranger = foreignTeam(parts, repo);
      if (stranger === undefined) return parts;
      throw unreadable(what, `${stranger} is a team of another organization, and can own nothing here`);
    },
  };
}

const corrected = 'Correct it on the base branch; the page of the file on GitHub shows errors, too.';

function unreadable(what: string, problem: string, hint = corrected): SluiceError {
  return new SluiceError('unavailable', `could not read ${what}: ${problem}`, { hint });
}

/** Owners have the right to push, which only the organization's own teams can get. Of a name that is free again, anybody makes teams. */
function foreignTeam(parts: readonly OwnedPart[], repo: string): string | undefined {
  const [organization = ''] = repo.toLowerCase().split('/');
  for (const { owners } of parts) {
    for (const owner of owners) {
      if (owner.kind === 'team' && !owner.team.toLowerCase().startsWith(`${organization}/`)) return `@${owner.team}`;
    }
  }
  return undefined;
}

interface OwnersText {
  readonly place: string;
  readonly text: string;
}

/** Undefined: there is no such file. https://docs.github.com/en/rest/repos/contents#get-repository-content */
async function readFile(
  client: ApiClient,
  repo: string,
  place: string,
  { tip, options }: { readonly tip: Oid; readonly options: CallOptions },
): Promise<OwnersText | undefined> {
  const purpose = `read ${place} of ${repo} at ${shortOid(tip)}`;
  const answer = await client.send({
    path: `${repositoryPath(repo)}/contents/${encodeURIComponent(place)}`,
    query: { ref: tip },
    decode: (value) => fileSchema.parse(value),
    accept: [404],
    purpose,
    ...options,
  });
  if (answer.status === 404) {
    // It also says 404 of a commit that it does not have, in other words.
    if (/^not found$/i.test(answer.refusal ?? '')) return undefined;
    throw new SluiceError('not-found', `could not ${purpose}: the forge answered 404 (${answer.refusal ?? ''})`, {
      hint: 'Try again later.',
    });
  }
  const file = answered(answer, purpose);
  // Of more than 1 MB this API gives no content; GitHub itself takes up to 3 MB.
  if (file.encoding !== 'base64') {
    throw unreadable(
      `${place} of ${repo}`,
      'it is larger than 1 MB',
      'Make it smaller: wildcards do with fewer lines.',
    );
  }
  const bytes = Buffer.from(file.content, 'base64');
  if (bytes.length !== file.size) throw unreadable(`${place} of ${repo}`, 'it came in part', 'Try again later.');
  try {
    return { place, text: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes) };
  } catch {
    throw unreadable(`${place} of ${repo}`, 'it is not UTF-8');
  }
}

/** What the commit brings to the branch, under old and new names. */
async function changedPaths(
  client: ApiClient,
  repo: string,
  { tip, sha }: { readonly tip: Oid; readonly sha: Oid },
  options: CallOptions,
): Promise<readonly string[]> {
  const purpose = `list the files between ${shortOid(tip)} and ${shortOid(sha)} in ${repo}`;
  const answer = await client.send({
    path: `${repositoryPath(repo)}/compare/${tip}...${sha}`,
    // Of the commits, not of the files, which come on the first page only.
    query: { per_page: 1 },
    decode: (value) => changedFilesSchema.parse(value),
    purpose,
    ...options,
  });
  const { files, base_commit } = answered(answer, purpose);
  if (fullOid(base_commit.sha) !== tip) {
    throw new SluiceError('unavailable', `could not ${purpose}: the forge compared with ${base_commit.sha}`, {
      hint: 'Try again later.',
    });
  }
  if (files.length >= mostFiles) {
    throw new SluiceError('unavailable', `could not ${purpose}: GitHub shows no more than ${mostFiles} of them`, {
      hint: 'Split the pull request.',
    });
  }
  const paths = new Set(files.flatMap(({ filename, previous_filename }) => [filename, previous_filename ?? filename]));
  for (const path of paths) {
    if (isExactPath(path)) continue;
    throw new SluiceError('unavailable', `could not ${purpose}: the name of ${path} is not told byte for byte`, {
      hint: 'Rename it: in UTF-8, and without a quotation mark at its beginning.',
    });
  }
  return [...paths];
}
