import { cutPage } from './paging.ts';
import type { FakeAnswer, FakeCall } from './server.ts';
import type { FakeChange, FakeRepository, ForgeState } from './state.ts';

/** What every answer of the fake GitLab needs. */
export interface GitlabWorld {
  readonly state: ForgeState;
  readonly origin: string;
  readonly pageSize: number;
  readonly call: FakeCall;
}

export function iso(at: number): string {
  return new Date(at).toISOString();
}

export function userJson(state: ForgeState, login: string): unknown {
  return { id: state.accounts.get(login.toLowerCase())?.id ?? 1, username: login, name: login, state: 'active' };
}

/** One page, with the headers that tell of the next one. */
export function listed<T>(
  { pageSize, call }: Omit<GitlabWorld, 'state'>,
  all: readonly T[],
  json: (item: T) => unknown,
): FakeAnswer {
  const cut = cutPage(call, all, { maxPerPage: pageSize, sizeParameter: 'per_page' });
  const next = cut.next === undefined ? '' : (new URL(cut.next).searchParams.get('page') ?? '');
  return {
    status: 200,
    headers: {
      ...(cut.next === undefined ? {} : { link: `<${cut.next}>; rel="next", <${call.url.href}>; rel="first"` }),
      'x-page': String(cut.page),
      'x-per-page': String(cut.perPage),
      'x-next-page': next,
      'x-prev-page': cut.page > 1 ? String(cut.page - 1) : '',
    },
    body: cut.items.map(json),
  };
}

export function projectJson(project: FakeRepository, origin: string, anonymous: boolean): unknown {
  const name = project.path.split('/').at(-1);
  return {
    id: project.id,
    description: project.description,
    name,
    path: name,
    path_with_namespace: project.path,
    default_branch: project.defaultBranch,
    http_url_to_repo: `${origin}/${project.path}.git`,
    web_url: `${origin}/${project.path}`,
    ...(project.edition === 'premium' ? { approvals_before_merge: 0 } : {}),
    ...(anonymous ? {} : { visibility: project.private ? 'private' : 'public' }),
  };
}

export function nativeState(change: FakeChange): string {
  return change.state === 'open' ? 'opened' : change.state;
}

export function mergeRequestJson(state: ForgeState, origin: string, change: FakeChange): unknown {
  const { head, base } = change;
  return {
    id: change.id,
    iid: change.number,
    project_id: state.repositories.get(base.repo)?.id,
    title: change.title,
    state: nativeState(change),
    draft: change.draft,
    work_in_progress: change.draft,
    author: userJson(state, change.author),
    labels: state.about(base.repo, change.number).labels.map(({ name }) => name),
    source_branch: head.branch,
    target_branch: base.branch,
    source_project_id: head.repo === undefined ? null : state.repositories.get(head.repo)?.id,
    target_project_id: state.repositories.get(base.repo)?.id,
    sha: head.sha,
    merge_commit_sha: null,
    references: { short: `!${change.number}`, relative: `!${change.number}`, full: `${base.repo}!${change.number}` },
    web_url: `${origin}/${base.repo}/-/merge_requests/${change.number}`,
  };
}

export function failure(status: number, message: unknown): FakeAnswer {
  return { status, body: { message } };
}
