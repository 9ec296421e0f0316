import type { FakeAccount, FakeChange, FakeRepository, ForgeState } from './state.ts';

// What GitHub's description demands, and no more. Times and counts mean nothing here.
const time = '2024-01-02T03:04:05Z';

export interface GithubUrls {
  readonly web: string;
  readonly api: string;
}

export function accountJson({ web, api }: GithubUrls, account: FakeAccount): Record<string, unknown> {
  const { id, login, kind } = account;
  const url = `${api}/users/${login}`;
  return {
    login,
    id,
    node_id: `U_${id}`,
    avatar_url: `${web}/avatars/${id}`,
    gravatar_id: '',
    url,
    html_url: `${web}/${login}`,
    followers_url: `${url}/followers`,
    following_url: `${url}/following{/other_user}`,
    gists_url: `${url}/gists{/gist_id}`,
    starred_url: `${url}/starred{/owner}{/repo}`,
    subscriptions_url: `${url}/subscriptions`,
    organizations_url: `${url}/orgs`,
    repos_url: `${url}/repos`,
    events_url: `${url}/events{/privacy}`,
    received_events_url: `${url}/received_events`,
    type: { organization: 'Organization', person: 'User', bot: 'Bot' }[kind],
    site_admin: false,
  };
}

/** As `GET /users/{username}` shows it. */
export function profileJson(urls: GithubUrls, account: FakeAccount): Record<string, unknown> {
  return {
    ...accountJson(urls, account),
    name: null,
    company: null,
    blog: '',
    location: null,
    email: null,
    hireable: null,
    bio: null,
    public_repos: 0,
    public_gists: 0,
    followers: 0,
    following: 0,
    created_at: time,
    updated_at: time,
  };
}

/** As `GET /user` shows the token's own account. */
export function ownProfileJson(urls: GithubUrls, account: FakeAccount): Record<string, unknown> {
  return {
    ...profileJson(urls, account),
    private_gists: 0,
    total_private_repos: 0,
    owned_private_repos: 0,
    disk_usage: 0,
    collaborators: 0,
    two_factor_authentication: true,
  };
}

// Links of a repository that are its API address and a suffix.
const repositoryLinks = {
  archive_url: '/{archive_format}{/ref}',
  assignees_url: '/assignees{/user}',
  blobs_url: '/git/blobs{/sha}',
  branches_url: '/branches{/branch}',
  collaborators_url: '/collaborators{/collaborator}',
  comments_url: '/comments{/number}',
  commits_url: '/commits{/sha}',
  compare_url: '/compare/{base}...{head}',
  contents_url: '/contents/{+path}',
  contributors_url: '/contributors',
  deployments_url: '/deployments',
  downloads_url: '/downloads',
  events_url: '/events',
  forks_url: '/forks',
  git_commits_url: '/git/commits{/sha}',
  git_refs_url: '/git/refs{/sha}',
  git_tags_url: '/git/tags{/sha}',
  hooks_url: '/hooks',
  issue_comment_url: '/issues/comments{/number}',
  issue_events_url: '/issues/events{/number}',
  issues_url: '/issues{/number}',
  keys_url: '/keys{/key_id}',
  labels_url: '/labels{/name}',
  languages_url: '/languages',
  merges_url: '/merges',
  milestones_url: '/milestones{/number}',
  notifications_url: '/notifications{?since,all,participating}',
  pulls_url: '/pulls{/number}',
  releases_url: '/releases{/id}',
  stargazers_url: '/stargazers',
  statuses_url: '/statuses/{sha}',
  subscribers_url: '/subscribers',
  subscription_url: '/subscription',
  tags_url: '/tags',
  teams_url: '/teams',
  trees_url: '/git/trees{/sha}',
} as const;

export function repositoryJson(
  urls: GithubUrls,
  state: ForgeState,
  repository: FakeRepository,
): Record<string, unknown> {
  const { id, path } = repository;
  const [owner = '', name = ''] = path.split('/');
  const url = `${urls.api}/repos/${path}`;
  const host = new URL(urls.web).host;
  const links = Object.entries(repositoryLinks).map(([key, suffix]) => [key, url + suffix]);
  return {
    id,
    node_id: `R_${id}`,
    name,
    full_name: path,
    private: repository.private,
    owner: accountJson(urls, ownerOf(state, owner)),
    html_url: `${urls.web}/${path}`,
    description: repository.description === '' ? null : repository.description,
    fork: repository.parent !== undefined,
    url,
    ...Object.fromEntries(links),
    clone_url: `${urls.web}/${path}.git`,
    git_url: `git://${host}/${path}.git`,
    ssh_url: `git@${host}:${path}.git`,
    svn_url: `${urls.web}/${path}`,
    mirror_url: null,
    homepage: null,
    language: null,
    license: null,
    default_branch: repository.defaultBranch,
    ...Object.fromEntries(
      ['forks', 'open_issues', 'watchers', 'forks_count', 'open_issues_count'].map((key) => [key, 0]),
    ),
    ...Object.fromEntries(['stargazers_count', 'watchers_count', 'size'].map((key) => [key, 0])),
    ...Object.fromEntries(['issues', 'projects', 'wiki', 'downloads'].map((key) => [`has_${key}`, true])),
    ...Object.fromEntries(['has_pages', 'has_discussions', 'archived', 'disabled'].map((key) => [key, false])),
    pushed_at: time,
    created_at: time,
    updated_at: time,
  };
}

export function fullRepositoryJson(urls: GithubUrls, state: ForgeState, repository: FakeRepository): unknown {
  return { ...repositoryJson(urls, state, repository), network_count: 0, subscribers_count: 0 };
}

/** As in a listing; `full` is what one request's own answer has beyond it. */
export function pullJson(urls: GithubUrls, state: ForgeState, change: FakeChange, full = false): unknown {
  const { number, base, id } = change;
  const repo = `${urls.api}/repos/${base.repo}`;
  const url = `${repo}/pulls/${number}`;
  const page = `${urls.web}/${base.repo}/pull/${number}`;
  const issue = `${repo}/issues/${number}`;
  const merged = change.state === 'merged';
  return {
    url,
    id,
    node_id: `PR_${id}`,
    html_url: page,
    diff_url: `${page}.diff`,
    patch_url: `${page}.patch`,
    issue_url: issue,
    number,
    state: change.state === 'open' ? 'open' : 'closed',
    locked: false,
    title: change.title,
    user: accountJson(urls, ownerOf(state, change.author)),
    body: null,
    created_at: time,
    updated_at: time,
    closed_at: change.state === 'open' ? null : time,
    merged_at: merged ? time : null,
    merge_commit_sha: null,
    assignee: null,
    labels: state.about(base.repo, number).labels.map(({ name }) => labelJson(urls, name)),
    milestone: null,
    draft: change.draft,
    commits_url: `${url}/commits`,
    review_comments_url: `${url}/comments`,
    review_comment_url: `${repo}/pulls/comments{/number}`,
    comments_url: `${issue}/comments`,
    statuses_url: `${repo}/statuses/${change.head.sha}`,
    head: sideJson(urls, state, change.head),
    base: sideJson(urls, state, base),
    _links: linksJson(url, page, issue, repo, change.head.sha),
    author_association: association(state, base.repo, change.author),
    auto_merge: null,
    ...(full ? { ...fullPart, merged } : {}),
  };
}

const fullPart = {
  mergeable: null,
  mergeable_state: 'unknown',
  merged_by: null,
  comments: 0,
  review_comments: 0,
  maintainer_can_modify: false,
  commits: 1,
  additions: 1,
  deletions: 0,
  changed_files: 1,
} as const;

function linksJson(url: string, page: string, issue: string, repo: string, sha: string): unknown {
  return {
    self: { href: url },
    html: { href: page },
    issue: { href: issue },
    comments: { href: `${issue}/comments` },
    review_comments: { href: `${url}/comments` },
    review_comment: { href: `${repo}/pulls/comments{/number}` },
    commits: { href: `${url}/commits` },
    statuses: { href: `${repo}/statuses/${sha}` },
  };
}

function sideJson(urls: GithubUrls, state: ForgeState, side: FakeChange['head']): unknown {
  const repository = side.repo === undefined ? undefined : state.repositories.get(side.repo);
  const owner = repository?.path.split('/')[0] ?? 'unknown';
  return {
    label: `${owner}:${side.branch}`,
    ref: side.branch,
    sha: side.sha,
    user: accountJson(urls, ownerOf(state, owner)),
    repo: repository === undefined ? null : repositoryJson(urls, state, repository),
  };
}

export function labelJson({ api }: GithubUrls, name: string): unknown {
  const url = `${api}/labels/${encodeURIComponent(name)}`;
  return { id: 1, node_id: 'LA_1', url, name, description: '', color: 'ededed', default: false };
}

/** Of readers too GitHub says `COLLABORATOR`, if they were invited; here nobody is who may only read. */
export function association(state: ForgeState, repo: string, login: string): string {
  if (repo.split('/')[0] === login) return 'OWNER';
  return state.members.mayWrite(repo, login) ? 'COLLABORATOR' : 'NONE';
}

export function ownerOf(state: ForgeState, login: string): FakeAccount {
  return state.accounts.get(login.toLowerCase()) ?? { id: 1, login, email: '', kind: 'person', mayCreate: false };
}
