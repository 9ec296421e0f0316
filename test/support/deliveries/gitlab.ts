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
  opened: 'open',
  updated: 'update',
  reopened: 'reopen',
  closed: 'close',
  merged: 'merge',
  edited: 'update',
} as const;

const states = { open: 'opened', closed: 'closed', merged: 'merged' } as const;

/** GitLab's payloads of project webhooks. */
export const gitlabPayload: PayloadBuilder = (scenario, place) => {
  const common = { user: user(place.actor), project: project(place) };
  switch (scenario.kind) {
    case 'ping':
      // GitLab's test delivery is a push of nothing.
      return {
        event: 'Push Hook',
        body: { object_kind: 'push', ref: 'refs/heads/main', before: zeros, after: zeros, ...common },
      };
    case 'push': {
      const { ref, before = zeros, after = zeros } = scenario;
      const tag = ref.startsWith('refs/tags/');
      const kind = tag ? 'tag_push' : 'push';
      const body = { object_kind: kind, event_name: kind, ref, before, after, user_username: place.actor };
      return { event: tag ? 'Tag Push Hook' : 'Push Hook', body: { ...body, project: project(place), commits: [] } };
    }
    case 'change': {
      const native = mergeRequest(scenario.action, scenario.change, place);
      const oldrev = scenario.action === 'updated' ? { oldrev: 'c'.repeat(40) } : {};
      const object_attributes = { ...native, action: actions[scenario.action], ...oldrev };
      return {
        event: 'Merge Request Hook',
        body: { object_kind: 'merge_request', object_attributes, changes: {}, ...common },
      };
    }
    case 'endorsement':
      return endorsement(scenario, place, common);
    case 'check':
      return pipeline(scenario, place, common);
  }
};

function endorsement(
  { what, number }: Extract<Scenario, { kind: 'endorsement' }>,
  place: ScenarioPlace,
  common: object,
) {
  const native = mergeRequest(
    'edited',
    { number, headRepo: place.repo, headBranch: 'topic', headSha: 'a'.repeat(40) },
    place,
  );
  if (what === 'comment') {
    const object_attributes = { id: 5, note: '/ok-to-test', noteable_type: 'MergeRequest' };
    return { event: 'Note Hook', body: { object_kind: 'note', object_attributes, merge_request: native, ...common } };
  }
  const action = what === 'review' ? 'approved' : 'update';
  const changes = what === 'label' ? { labels: { previous: [], current: [{ title: 'ok' }] } } : {};
  const object_attributes = { ...native, action };
  return { event: 'Merge Request Hook', body: { object_kind: 'merge_request', object_attributes, changes, ...common } };
}

function pipeline(
  { sha, branch, state }: Extract<Scenario, { kind: 'check' }>,
  { webUrl }: ScenarioPlace,
  common: object,
) {
  const status = state === 'failure' ? 'failed' : state;
  const object_attributes = {
    id: 4,
    ref: branch,
    tag: false,
    sha,
    status,
    detailed_status: status,
    url: `${webUrl}/ci/4`,
  };
  return { event: 'Pipeline Hook', body: { object_kind: 'pipeline', object_attributes, ...common } };
}

function mergeRequest(action: string, change: ScenarioChange, place: ScenarioPlace) {
  const { repo, webUrl } = place;
  return {
    iid: change.number,
    title: change.title ?? 'a change',
    state: states[stateOf(action)],
    draft: change.draft ?? false,
    author_id: idOf(change.author ?? 'octocat'),
    url: `${webUrl}/${repo}/-/merge_requests/${change.number}`,
    source_branch: change.headBranch,
    target_branch: change.baseBranch ?? 'main',
    source_project_id: change.headRepo === undefined ? null : idOf(change.headRepo),
    target_project_id: idOf(repo),
    source: change.headRepo === undefined ? null : project({ ...place, repo: change.headRepo }),
    target: project(place),
    last_commit: { id: change.headSha, message: 'x' },
  };
}

function project({ repo, webUrl }: ScenarioPlace): unknown {
  return { id: idOf(repo), path_with_namespace: repo, web_url: `${webUrl}/${repo}`, default_branch: 'main' };
}

function user(login: string): unknown {
  return { id: idOf(login), name: login, username: login };
}
