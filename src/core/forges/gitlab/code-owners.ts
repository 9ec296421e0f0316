import { SluiceError } from '../../errors.ts';
import type { ApiClient } from '../../http/client.ts';
import type { OwnedPart } from '../../model/code-owners.ts';
import { type Oid, shortOid } from '../../model/ref.ts';
import { answered } from '../answered.ts';
import type { CallOptions } from '../call-options.ts';
import { noSuchBranch } from '../exact-tip.ts';
import { firstPresent } from '../first-present.ts';
import type { CodeOwnersRole } from '../review-roles.ts';
import { findTip } from './branch-tip.ts';
import { findMergeRequest } from './discussion.ts';
import { isMissing } from './listing.ts';
import { type OwnersFile, parseOwnersFile } from './owners-file.ts';
import { isSettled } from './reset-on-push.ts';
import { projectPath, requestPath } from './urls.ts';
import { headSinceOf, listVersions } from './versions.ts';
import { type ApprovalRule, approvalStateSchema, fileSchema, licensedProjectSchema } from './wire-owners.ts';

// The first of them that is there counts.
const places = ['CODEOWNERS', 'docs/CODEOWNERS', '.gitlab/CODEOWNERS'];

const paid = 'Code owners need GitLab Premium or Ultimate.';

/**
 * Approval rules that GitLab made of CODEOWNERS for the head of the merge request. The file itself says whether there is one at all, and what
 * the rules leave out: where the branch does not require code owners by itself, all rules ask for 0 approvals, as optional ones do.
 */
export function codeOwnersRole(client: ApiClient): CodeOwnersRole {
  return {
    async list(repo, { number, base }, sha, options = {}) {
      const [state, tip] = await Promise.all([
        findApprovalState(client, repo, number, options),
        // By the branch's name a tag could be meant.
        findTip(client, repo, base.branch, options),
      ]);
      if (tip === undefined) throw noSuchBranch(repo, base.branch);
      const [text] = await Promise.all([
        firstPresent(places.map((place) => readFile(client, repo, place, { tip, options }))),
        assureRulesOf(sha, { client, repo, number, date: state.date, options }),
        // No rule of any kind may also mean that the project has none, whatever its files say.
        state.rules.length === 0 ? assureLicensed(client, repo, options) : undefined,
      ]);
      if (text === undefined) return undefined;
      const file = parseOwnersFile(text);
      const rules = state.rules.filter(({ rule_type }) => rule_type === 'code_owner');
      return rules.flatMap((rule) => convertRule(rule, file, state.purpose));
    },
  };
}

function convertRule(rule: ApprovalRule, file: OwnersFile, purpose: string): readonly OwnedPart[] {
  const { name, section, approvals_required, eligible_approvers, users, contains_hidden_groups } = rule;
  if (contains_hidden_groups && eligible_approvers.length === 0) {
    throw new SluiceError('denied', `could not ${purpose}: the owners of ${name} are hidden from the credential`, {
      hint: 'Use a token of a member of the project, or of the groups that own it.',
    });
  }
  const logins = [...new Set([...eligible_approvers, ...users].map(({ username }) => username))];
  if (approvals_required === 0) {
    if (file.isOptional(section ?? '')) return [];
    if (logins.length === 0 && file.isUnowned(name)) return [];
  }
  const inSection = section == null || section.toLowerCase() === 'codeowners' ? '' : ` of [${section}]`;
  const owners = logins.map((login) => ({ kind: 'login', login }) as const);
  // Where the branch does not require code owners by itself, how many is said by the file alone.
  const required = Math.max(approvals_required, file.wantedIn(section ?? ''));
  return [{ name: `${name}${inSection}`, paths: [], required, owners }];
}

interface ApprovalState {
  readonly rules: readonly ApprovalRule[];
  /** The server's own, of its answer. */
  readonly date: string | undefined;
  readonly purpose: string;
}

/** https://docs.gitlab.com/api/merge_request_approvals/#retrieve-approval-state-for-a-merge-request */
async function findApprovalState(
  client: ApiClient,
  repo: string,
  number: number,
  options: CallOptions,
): Promise<ApprovalState> {
  const purpose = `find the approval rules of merge request !${number} of ${repo}`;
  const answer = await client.send({
    path: `${requestPath(repo, number)}/approval_state`,
    decode: (value) => approvalStateSchema.parse(value),
    accept: [404],
    purpose,
    ...options,
  });
  // Community Edition has no such address.
  if (answer.status === 404) {
    throw new SluiceError('not-found', `could not ${purpose}: the forge answered 404 (${answer.refusal ?? ''})`, {
      hint: `${paid} Leave out --require-code-owners elsewhere.`,
    });
  }
  return { rules: answered(answer, purpose).rules, date: answer.headers.date, purpose };
}

interface Asked {
  readonly client: ApiClient;
  readonly repo: string;
  readonly number: number;
  readonly date: string | undefined;
  readonly options: CallOptions;
}

/**
 * The rules are of the present head, and are made anew some seconds after a push. So they are of this commit where it is the head after they
 * were read, and has been it for a while before: a head that went away and came back is a new version.
 */
async function assureRulesOf(sha: Oid, { client, repo, number, date, options }: Asked): Promise<void> {
  const [{ detailed_merge_status: status }, versions] = await Promise.all([
    findMergeRequest(client, repo, number, options),
    listVersions(client, repo, number, options),
  ]);
  const what = `could not find the code owners of ${shortOid(sha)} in merge request !${number} of ${repo}`;
  if (headSinceOf(versions, sha) === undefined) {
    throw new SluiceError('unavailable', `${what}: GitLab tells only of its head, which is another commit`, {
      hint: 'Push the head.',
    });
  }
  if (status === 'approvals_syncing' || status === 'preparing' || !isSettled(versions, date)) {
    throw new SluiceError('unavailable', `${what}: GitLab has to make its approval rules anew after a push`, {
      hint: 'Try again in a minute.',
    });
  }
}

async function assureLicensed(client: ApiClient, repo: string, options: CallOptions): Promise<void> {
  const purpose = `find the project ${repo}`;
  const answer = await client.send({
    path: projectPath(repo),
    decode: (value) => licensedProjectSchema.parse(value),
    purpose,
    ...options,
  });
  if (answered(answer, purpose).approvals_before_merge !== undefined) return;
  throw new SluiceError(
    'unavailable',
    `could not find the code owners in ${repo}: its GitLab makes no approval rules`,
    {
      hint: `${paid} Leave out --require-code-owners elsewhere.`,
    },
  );
}

/** Undefined: there is no such file. https://docs.gitlab.com/api/repository_files/ */
async function readFile(
  client: ApiClient,
  repo: string,
  place: string,
  { tip, options }: { readonly tip: Oid; readonly options: CallOptions },
): Promise<string | undefined> {
  const purpose = `read ${place} of ${repo} at ${shortOid(tip)}`;
  const answer = await client.send({
    path: `${projectPath(repo)}/repository/files/${encodeURIComponent(place)}`,
    query: { ref: tip },
    decode: (value) => fileSchema.parse(value),
    accept: [404],
    purpose,
    ...options,
  });
  if (isMissing(answer, 'File', purpose)) return undefined;
  const { content, size } = answered(answer, purpose);
  const bytes = Buffer.from(content, 'base64');
  if (bytes.length === size) return bytes.toString();
  throw new SluiceError('unavailable', `could not ${purpose}: it came in part`, { hint: 'Try again later.' });
}
