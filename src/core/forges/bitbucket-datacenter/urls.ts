import { parseGitUrl, pathOnForge } from '../git-url.ts';
import { isOwnerAndName, ownerAndName } from '../repo-path.ts';

const shape = 'PROJECT/repository or ~user/repository';

export function apiUrlOf(webUrl: string): string {
  return `${webUrl}/rest/api/1.0`;
}

/** Where versions before 7.4 keep build statuses: beside the API, not below it. */
export function buildStatusUrlOf(webUrl: string, apiUrl: string): string {
  const root = /^(.+)\/rest\/api\/[^/]+$/.exec(apiUrl)?.[1] ?? webUrl;
  return `${root}/rest/build-status/1.0`;
}

/** Git's own address has the project's key in lower case; the server takes any. */
export function cloneUrl(webUrl: string, repo: string): string {
  const { project, slug } = projectAndSlug(repo);
  return `${webUrl}/scm/${encodeURIComponent(project.toLowerCase())}/${encodeURIComponent(slug)}.git`;
}

/**
 * Git's addresses (`/scm/key/slug.git` over http, `/key/slug.git` over ssh) and those of the pages
 * (`/projects/KEY/repos/slug/…`, `/users/name/repos/slug/…`).
 */
export function repoOf(webUrl: string, gitUrl: string): string | undefined {
  const path = pathOnForge(gitUrl, webUrl);
  if (path === undefined) return undefined;
  const repo = parseGitUrl(gitUrl)?.transport === 'http' ? repoOfHttpPath(path) : path;
  return repo !== undefined && isOwnerAndName(repo) ? canonicalRepo(repo) : undefined;
}

function repoOfHttpPath(path: string): string | undefined {
  const git = /^scm\/(.+)$/.exec(path)?.[1];
  if (git !== undefined) return git;
  const [, kind, owner, slug] = /^(projects|users)\/([^/]+)\/repos\/([^/]+)(?:\/|$)/.exec(path) ?? [];
  return kind === undefined ? undefined : `${kind === 'users' ? '~' : ''}${owner}/${slug}`;
}

/**
 * Project keys are case-insensitive: PROJECT in upper case, as the pages show them, and `~user` in lower case, as git's
 * addresses do (the API says `~USER`), so that every spelling of one repository compares equal.
 */
export function canonicalRepo(repo: string): string {
  const { project, slug } = projectAndSlug(repo);
  return `${project}/${slug}`;
}

/** The API's address of a repository. */
export function repositoryPath(repo: string): string {
  const { project, slug } = projectAndSlug(repo);
  return `${projectPath(project)}/repos/${encodeURIComponent(slug)}`;
}

export function commitPath(repo: string, sha: string): string {
  return `${repositoryPath(repo)}/commits/${sha}`;
}

/** The commit's page for people. */
export function commitUrl(webUrl: string, repo: string, sha: string): string {
  return webUrl + commitPath(repo, sha);
}

export function projectPath(project: string): string {
  return `/projects/${encodeURIComponent(project)}`;
}

/** Page for people, which the API's answers leave to links that follow the server's configured address. */
export function pullRequestUrl(webUrl: string, repo: string, number: number): string {
  return webUrl + pullRequestPath(repo, number);
}

export function pullRequestPath(repo: string, number: number): string {
  return `${repositoryPath(repo)}/pull-requests/${number}`;
}

export function projectAndSlug(repo: string): { readonly project: string; readonly slug: string } {
  const { owner, name } = ownerAndName(repo, shape);
  return { project: owner.startsWith('~') ? owner.toLowerCase() : owner.toUpperCase(), slug: name };
}
