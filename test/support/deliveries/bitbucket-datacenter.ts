import { type PayloadBuilder, type ScenarioChange, stateOf, zeros } from './scenario.ts';

const events = {
  opened: 'pr:opened',
  updated: 'pr:from_ref_updated',
  reopened: 'pr:reopened',
  closed: 'pr:declined',
  merged: 'pr:merged',
  edited: 'pr:modified',
} as const;

const endorsements = { review: 'pr:reviewer:approved', comment: 'pr:comment:added', label: 'pr:reviewer:approved' };

const states = { open: 'OPEN', closed: 'DECLINED', merged: 'MERGED' } as const;

/** Bitbucket Data Center's payloads; it has no labels, and builds send none. */
export const datacenterPayload: PayloadBuilder = (scenario, { repo, actor: name }) => {
  const actor = { name, type: 'NORMAL', slug: name };
  switch (scenario.kind) {
    case 'ping':
      return { event: 'diagnostics:ping', body: { test: true } };
    case 'push': {
      const { ref: id, before = zeros, after = zeros } = scenario;
      const type = before === zeros ? 'ADD' : after === zeros ? 'DELETE' : 'UPDATE';
      const change = { ref: { id, displayId: id, type: 'BRANCH' }, refId: id, fromHash: before, toHash: after, type };
      return {
        event: 'repo:refs_changed',
        body: { eventKey: 'x', actor, repository: repository(repo), changes: [change] },
      };
    }
    case 'change':
      return {
        event: events[scenario.action],
        body: { actor, pullRequest: pullRequest(scenario.action, scenario.change, repo) },
      };
    case 'endorsement': {
      const change = { number: scenario.number, headRepo: repo, headBranch: 'topic', headSha: 'a'.repeat(40) };
      return { event: endorsements[scenario.what], body: { actor, pullRequest: pullRequest('edited', change, repo) } };
    }
    case 'check':
      return { event: 'build:status', body: { actor } };
  }
};

function pullRequest(action: string, change: ScenarioChange, repo: string): unknown {
  return {
    id: change.number,
    title: change.title ?? 'a change',
    state: states[stateOf(action)],
    draft: change.draft ?? false,
    author: { user: { name: change.author ?? 'octocat' } },
    fromRef: side(change.headBranch, change.headSha, change.headRepo),
    toRef: side(change.baseBranch ?? 'main', change.baseSha ?? 'b'.repeat(40), repo),
  };
}

function side(branch: string, latestCommit: string, repo: string | undefined): unknown {
  return {
    id: `refs/heads/${branch}`,
    displayId: branch,
    latestCommit,
    ...(repo === undefined ? {} : { repository: repository(repo) }),
  };
}

function repository(path: string): unknown {
  const [key = '', slug] = path.split('/');
  return { slug, project: { key }, public: false };
}
