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
  updated: 'synchronized',
  reopened: 'reopened',
  closed: 'closed',
  merged: 'closed',
  edited: 'edited',
} as const;

/** Payloads of Gitea and Forgejo. */
export const giteaPayload: PayloadBuilder = (scenario, place) => {
  const common = { repository: repository(place.repo), sender: account(place.actor) };
  switch (scenario.kind) {
    case 'ping':
      // Gitea's test delivery is a push of the newest commit onto itself.
      return { event: 'push', body: { ref: 'refs/heads/main', before: zeros, after: zeros, commits: [], ...common } };
    case 'push': {
      const { ref, before = zeros, after } = scenario;
      if (after !== undefined) return { event: 'push', body: { ref, before, after, commits: [], ...common } };
      const [, kind, name] = /^refs\/(heads|tags)\/(.*)$/.exec(ref) ?? [];
      const ref_type = kind === 'tags' ? 'tag' : 'branch';
      return { event: 'delete', body: { ref: name, ref_type, pusher_type: 'user', ...common } };
    }
    case 'change': {
      const { change } = scenario;
      const body = { action: actions[scenario.action], number: change.number, ...common };
      return { event: 'pull_request', body: { ...body, pull_request: pullRequest(scenario.action, change, place) } };
    }
    case 'endorsement':
      return endorsement(scenario, place, common);
    case 'check': {
      const state = scenario.state === 'running' ? 'pending' : scenario.state;
      const status = { sha: scenario.sha, state, context: scenario.name, description: '' };
      return { event: 'status', body: { ...status, target_url: `${place.webUrl}/ci/4`, ...common } };
    }
  }
};

function endorsement(
  { what, number }: Extract<Scenario, { kind: 'endorsement' }>,
  place: ScenarioPlace,
  common: object,
) {
  if (what === 'comment') {
    const issue = { number, title: 'x', pull_request: { merged: false } };
    const comment = { body: '/ok-to-test' };
    return { event: 'issue_comment', body: { action: 'created', is_pull: true, issue, comment, ...common } };
  }
  const change = { number, headRepo: place.repo, headBranch: 'topic', headSha: 'a'.repeat(40) };
  const pull_request = pullRequest('edited', change, place);
  if (what === 'label')
    return { event: 'pull_request', body: { action: 'label_updated', number, pull_request, ...common } };
  const review = { type: 'pull_request_review_approved', content: '' };
  return { event: 'pull_request_approved', body: { action: 'reviewed', review, pull_request, ...common } };
}

function pullRequest(action: string, change: ScenarioChange, { webUrl, repo }: ScenarioPlace): unknown {
  const state = stateOf(action);
  return {
    number: change.number,
    title: change.title ?? 'a change',
    state: state === 'open' ? 'open' : 'closed',
    draft: change.draft ?? false,
    merged: state === 'merged',
    user: account(change.author ?? 'octocat'),
    html_url: `${webUrl}/${repo}/pulls/${change.number}`,
    head: side(change.headBranch, change.headSha, change.headRepo),
    base: side(change.baseBranch ?? 'main', change.baseSha ?? 'b'.repeat(40), repo),
  };
}

function side(branch: string, sha: string, repo: string | undefined): unknown {
  return { label: branch, ref: branch, sha, repo: repo === undefined ? null : repository(repo) };
}

function repository(path: string): unknown {
  return { id: idOf(path), full_name: path, private: false, default_branch: 'main' };
}

function account(login: string): unknown {
  return { id: idOf(login), login, username: login, full_name: '' };
}
