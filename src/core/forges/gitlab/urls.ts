import { pathOnForge } from '../git-url.ts';
import { isNestedPath, repoParts } from '../repo-path.ts';

const shape = 'group/project or group/subgroup/project';

export function apiUrlOf(webUrl: string): string {
  return `${webUrl}/api/v4`;
}

export function cloneUrl(webUrl: string, repo: string): string {
  return `${webUrl}/${repoParts(repo, shape).map(encodeURIComponent).join('/')}.git`;
}

/** `…/group/sub/project.git`, or a page of the project, which GitLab sets off by `/-/`. */
export function repoOf(webUrl: string, gitUrl: string): string | undefined {
  // gitlab.com also takes ssh on port 443 of this host: https://docs.gitlab.com/user/gitlab_com/#alternative-ssh-port
  const sshHosts = webUrl === 'https://gitlab.com' ? ['altssh.gitlab.com'] : [];
  const path = pathOnForge(gitUrl, webUrl, sshHosts)?.split('/-/')[0];
  return path !== undefined && isNestedPath(path) ? path : undefined;
}

/** The API's address of a project: its whole path as one segment (https://docs.gitlab.com/api/rest/#namespaced-paths). */
export function projectPath(repo: string): string {
  return `/projects/${encodeURIComponent(repoParts(repo, shape).join('/'))}`;
}

export function requestPath(repo: string, number: number): string {
  return `${projectPath(repo)}/merge_requests/${number}`;
}

/** The groups a project stands in, and its own last part. */
export function namespaceAndName(repo: string): { readonly namespace: string; readonly name: string } {
  const parts = repoParts(repo, shape);
  return { namespace: parts.slice(0, -1).join('/'), name: parts[parts.length - 1] ?? '' };
}
