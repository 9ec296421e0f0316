import { pathOnForge } from '../git-url.ts';
import { isOwnerAndName, ownerAndName } from '../repo-path.ts';

export function apiUrlOf(webUrl: string): string {
  return `${webUrl}/api/v1`;
}

export function cloneUrl(webUrl: string, repo: string): string {
  return `${webUrl}/${encodedPath(repo)}.git`;
}

export function repoOf(webUrl: string, gitUrl: string): string | undefined {
  const path = pathOnForge(gitUrl, webUrl);
  return path !== undefined && isOwnerAndName(path) ? path : undefined;
}

/** The API's address of a repository. */
export function repositoryPath(repo: string): string {
  return `/repos/${encodedPath(repo)}`;
}

function encodedPath(repo: string): string {
  const { owner, name } = ownerAndName(repo);
  return `${encodeURIComponent(owner)}/${encodeURIComponent(name)}`;
}
