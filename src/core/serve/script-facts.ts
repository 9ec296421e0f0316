import type { Oid } from '../model/ref.ts';
import type { ScriptData } from './job-data.ts';

interface Script {
  readonly data: ScriptData;
  readonly sha: Oid | undefined;
}

/** Owner and name of `owner/name`; of nested groups the owner is all but the last part. */
export function ownerAndName(path: string): readonly [owner: string, name: string] {
  const slash = path.lastIndexOf('/');
  return [path.slice(0, Math.max(0, slash)), path.slice(slash + 1)];
}

/** Short name of the branch or tag; of a change request the head's. */
export function branchOf({ ref, change }: ScriptData): string {
  return change?.headBranch ?? ref.replace(/^refs\/(?:heads|tags)\//, '');
}

/**
 * The positional arguments of a script (pure), in GakoCI's order: payload file, event, owner, repository, branch, commit; for a change request
 * these are the head's, then base owner, base repository and number. A head whose repository is gone has empty ones.
 */
export function scriptArguments({ data, sha }: Script, payload: string): readonly string[] {
  const { event, repo, change, before } = data;
  const base = ownerAndName(repo.path);
  const head = change === undefined ? base : ownerAndName(change.headRepo ?? '/');
  const args = [payload, event, ...head, branchOf(data), sha ?? before ?? ''];
  return change === undefined ? args : [...args, ...base, String(change.number)];
}
