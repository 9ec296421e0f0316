import { type PayloadBuilder, type ScenarioChange, type ScenarioPlace, stateOf } from './scenario.ts';

const events = {
  opened: 'pullrequest:created',
  updated: 'pullrequest:updated',
  reopened: 'pullrequest:updated',
  closed: 'pullrequest:rejected',
  merged: 'pullrequest:fulfilled',
  edited: 'pullrequest:updated',
} as const;

const endorsements = {
  review: 'pullrequest:approved',
  comment: 'pullrequest:comment_created',
  label: 'pullrequest:approved',
};

const states = { open: 'OPEN', closed: 'DECLINED', merged: 'MERGED' } as const;

/** Bitbucket Cloud's payloads; it has neither labels nor pings, and pull requests cannot be opened again. */
export const bitbucketPayload: PayloadBuilder = (scenario, place) => {
  const common = { repository: { full_name: place.repo, type: 'repository' }, actor: user(place.actor) };
  switch (scenario.kind) {
    case 'ping':
      return { event: 'repo:updated', body: { changes: {}, ...common } };
    case 'push': {
      const [, kind, name = ''] = /^refs\/(heads|tags)\/(.*)$/.exec(scenario.ref) ?? [];
      const end = (hash: string | undefined) =>
        hash === undefined
          ? null
          : { type: kind === 'tags' ? 'tag' : 'branch', name, target: { hash, type: 'commit' } };
      const change = { new: end(scenario.after), old: end(scenario.before), forced: false };
      return { event: 'repo:push', body: { push: { changes: [change] }, ...common } };
    }
    case 'change': {
      const pullrequest = pullRequest(scenario.action, scenario.change, place);
      return { event: events[scenario.action], body: { pullrequest, ...common } };
    }
    case 'endorsement':
      return {
        event: endorsements[scenario.what],
        body: { pullrequest: { id: scenario.number, type: 'pullrequest' }, ...common },
      };
    case 'check': {
      const native = {
        pending: 'INPROGRESS',
        running: 'INPROGRESS',
        success: 'SUCCESSFUL',
        failure: 'FAILED',
      } as const;
      const commit_status = {
        key: scenario.name,
        name: scenario.name,
        state: native[scenario.state],
        description: '',
        url: `${place.webUrl}/ci/4`,
        refname: scenario.branch,
        commit: { hash: scenario.sha, type: 'commit' },
      };
      return { event: 'repo:commit_status_updated', body: { commit_status, ...common } };
    }
  }
};

function pullRequest(action: string, change: ScenarioChange, { webUrl, repo }: ScenarioPlace): unknown {
  return {
    id: change.number,
    title: change.title ?? 'a change',
    state: states[stateOf(action)],
    draft: change.draft ?? false,
    author: user(change.author ?? 'octocat'),
    links: { html: { href: `${webUrl}/${repo}/pull-requests/${change.number}` } },
    source: side(change.headBranch, change.headSha, change.headRepo),
    destination: side(change.baseBranch ?? 'main', change.baseSha ?? 'b'.repeat(40), repo),
  };
}

/** Hashes of pull requests are abbreviated. */
function side(name: string, sha: string, repo: string | undefined): unknown {
  const repository = repo === undefined ? null : { full_name: repo, type: 'repository' };
  return { branch: { name }, commit: { hash: sha.slice(0, 12) }, repository };
}

/** The uuid is what identifies an account. */
function user(name: string): unknown {
  return { type: 'user', uuid: `{${name}}`, nickname: `${name} (anybody may be called this)`, display_name: name };
}
