import {
  idOf,
  type PayloadBuilder,
  type Scenario,
  type ScenarioChange,
  type ScenarioPlace,
  stateOf,
  zeros,
} from './scenario.ts';

const actions = {
  opened: 'opened',
  updated: 'synchronize',
  reopened: 'reopened',
  closed: 'closed',
  merged: 'closed',
  edited: 'edited',
} as const;

/** GitHub's payloads, cut down to what matters and some noise. */
export const githubPayload: PayloadBuilder = (scenario, place) => {
  const common = { repository: repository(place.repo), sender: account(place.actor) };
  switch (scenario.kind) {
    case 'ping':
      return { event: 'ping', body: { zen: 'Design for failure.', hook_id: 1, ...common } };
    case 'push': {
      const { ref, before = zeros, after = zeros } = scenario;
      const flags = { created: before === zeros, deleted: after === zeros, forced: false };
      return { event: 'push', body: { ref, before, after, ...flags, commits: [], ...common } };
    }
    case 'change': {
      const { change } = scenario;
      const body = { action: actions[scenario.action], number: change.number, ...common };
      return { event: 'pull_request', body: { ...body, pull_request: pullRequest(scenario.action, change, place) } };
    }
    case 'endorsement':
      return endorsement(scenario, place, common);
    case 'check': {
      const { sha, name, branch } = scenario;
      const ended = scenario.state === 'success' || scenario.state === 'failure';
      const status = scenario.state === 'running' ? 'in_progress' : 'queued';
      const run = {
        id: 4,
        name,
        head_sha: sha,
        status: ended ? 'completed' : status,
        conclusion: ended ? scenario.state : null,
        html_url: `${place.webUrl}/${place.repo}/runs/4`,
        details_url: `${place.webUrl}/ci/4`,
        output: { title: null, summary: null },
        check_suite: { id: 3, head_branch: branch },
        app: { slug: 'some-ci' },
      };
      return { event: 'check_run', body: { action: ended ? 'completed' : 'created', check_run: run, ...common } };
    }
  }
};

function endorsement(
  { what, number }: Extract<Scenario, { kind: 'endorsement' }>,
  { webUrl, repo, actor }: ScenarioPlace,
  common: object,
) {
  if (what === 'comment') {
    const url = `${webUrl}/${repo}/pull/${number}`;
    const issue = { number, title: 'x', pull_request: { html_url: url } };
    return { event: 'issue_comment', body: { action: 'created', issue, comment: { body: '/ok-to-test' }, ...common } };
  }
  if (what === 'review') {
    const review = { id: 9, state: 'approved', user: account(actor), body: null };
    return { event: 'pull_request_review', body: { action: 'submitted', review, pull_request: { number }, ...common } };
  }
  const change = { number, headRepo: repo, headBranch: 'topic', headSha: 'a'.repeat(40) };
  const pull_request = pullRequest('edited', change, { webUrl, repo, actor });
  return { event: 'pull_request', body: { action: 'labeled', number, label: { name: 'ok' }, pull_request, ...common } };
}

function pullRequest(action: string, change: ScenarioChange, { webUrl, repo }: ScenarioPlace): unknown {
  const state = stateOf(action);
  return {
    number: change.number,
    title: change.title ?? 'a change',
    state: state === 'open' ? 'open' : 'closed',
    draft: change.draft ?? false,
    merged: state === 'merged',
    merged_at: state === 'merged' ? '2026-01-02T03:04:05Z' : null,
    user: account(change.author ?? 'octocat'),
    html_url: `${webUrl}/${repo}/pull/${change.number}`,
    head: side(change.headBranch, change.headSha, change.headRepo),
    base: side(change.baseBranch ?? 'main', change.baseSha ?? 'b'.repeat(40), repo),
  };
}

function side(ref: string, sha: string, repo: string | undefined): unknown {
  return { ref, sha, repo: repo === undefined ? null : repository(repo) };
}

function repository(path: string): unknown {
  return { id: idOf(path), full_name: path, name: path.split('/').at(-1), private: false, default_branch: 'main' };
}

function account(login: string): unknown {
  return { login, id: idOf(login), type: login.endsWith('[bot]') ? 'Bot' : 'User' };
}
