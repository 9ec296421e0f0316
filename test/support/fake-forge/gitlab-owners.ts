import { readBlob, readCommit, readRef } from './git-history.ts';
import type { ProjectWorld } from './gitlab-commits.ts';
import { failure, userJson } from './gitlab-json.ts';
import type { FakeOwnerRule } from './owner-book.ts';
import type { FakeAnswer } from './server.ts';
import type { FakeChange } from './state.ts';

/** `/repository/branches/:branch`. */
export async function answerBranch({ project }: ProjectWorld, branch: string): Promise<FakeAnswer> {
  const commit = await readRef(project.gitDir, `refs/heads/${branch}`);
  if (commit === undefined) return failure(404, '404 Branch Not Found');
  const isDefault = branch === project.defaultBranch;
  return { status: 200, body: { name: branch, default: isDefault, protected: isDefault, commit: { id: commit.sha } } };
}

/** `/repository/files/:path`. */
export async function answerFile({ project, call }: ProjectWorld, path: string): Promise<FakeAnswer> {
  const ref = call.url.searchParams.get('ref') ?? '';
  if ((await readCommit(project.gitDir, ref)) === undefined) return failure(404, '404 Commit Not Found');
  const blob = await readBlob(project.gitDir, ref, path);
  if (blob === undefined) return failure(404, '404 File Not Found');
  const content = blob.toString('base64');
  const name = path.split('/').at(-1);
  return {
    status: 200,
    body: { file_name: name, file_path: path, size: blob.length, encoding: 'base64', content, ref },
  };
}

/** `/merge_requests/:iid/approval_state`: Community Edition has no such address, and without a licence there are no rules. */
export function approvalState({ state, project }: ProjectWorld, { number }: FakeChange): FakeAnswer {
  if (project.edition === 'community') return { status: 404, body: { error: '404 Not Found' } };
  const rules = project.edition === 'free' ? [] : state.owners.of(project.path, number);
  const users = (logins: readonly string[]) => logins.map((login) => userJson(state, login));
  const ruleJson = (rule: FakeOwnerRule, id: number) => {
    const { name, section = 'codeowners', required = 1, owners, eligible = owners, hidden = false } = rule;
    return {
      ...{ id, name, rule_type: rule.type ?? 'code_owner', report_type: null, section, code_owner: true },
      ...{ eligible_approvers: hidden ? [] : users(eligible), users: hidden ? [] : users(owners), groups: [] },
      ...{ approvals_required: required, contains_hidden_groups: hidden, approved_by: [], approved: false },
      ...{ source_rule: null, overridden: false },
    };
  };
  return { status: 200, body: { approval_rules_overwritten: false, rules: rules.map(ruleJson) } };
}
