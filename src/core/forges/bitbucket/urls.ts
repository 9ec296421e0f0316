import { pathOnForge } from '../git-url.ts';
import { isOwnerAndName, ownerAndName } from '../repo-path.ts';

const shape = 'workspace/repository';

/** The API of bitbucket.org has a host of its own; any other address is a stand-in that serves it under `/2.0`. */
export function apiUrlOf(webUrl: string): string {
  return webUrl === 'https://bitbucket.org' ? 'https://api.bitbucket.org/2.0' : `${webUrl}/2.0`;
}

export function cloneUrl(webUrl: string, repo: string): string {
  return `${webUrl}/${encodedPath(repo)}.git`;
}

/** bitbucket.org also takes ssh on port 443 of altssh. */
export function repoOf(webUrl: string, gitUrl: string): string | undefined {
  const path = pathOnForge(gitUrl, webUrl, webUrl === 'https://bitbucket.org' ? ['altssh.bitbucket.org'] : []);
  return path !== undefined && isOwnerAndName(path) ? path : undefined;
}

/** The API's address of a repository. */
export function repositoryPath(repo: string): string {
  return `/repositories/${encodedPath(repo)}`;
}

function encodedPath(repo: string): string {
  const { owner, name } = ownerAndName(repo, shape);
  return `${encodeURIComponent(owner)}/${encodeURIComponent(name)}`;
}

/** The commit's page for people. */
export function commitUrl(webUrl: string, repo: string, sha: string): string {
  return `${webUrl}/${encodedPath(repo)}/commits/${sha}`;
}

export function pullRequestPath(repo: string, number: number): string {
  return `${repositoryPath(repo)}/pullrequests/${number}`;
}

export function commitPath(repo: string, sha: string): string {
  return `${repositoryPath(repo)}/commit/${encodeURIComponent(sha)}`;
}

/** The API's address of who may do what with a repository. */
export function permissionsPath(repo: string): string {
  const { owner, name } = ownerAndName(repo, shape);
  return `/workspaces/${encodeURIComponent(owner)}/permissions/repositories/${encodeURIComponent(name)}`;
}

/** A text as the query language writes it (https://developer.atlassian.com/cloud/bitbucket/rest/intro/#filtering). */
export function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}
