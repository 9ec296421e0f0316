import { pathOnForge } from '../git-url.ts';
import { isOwnerAndName, ownerAndName } from '../repo-path.ts';

/** github.com and GHE.com have the API on a host of its own, Enterprise Server under `/api/v3`. */
export function apiUrlOf(webUrl: string): string {
  const url = URL.parse(webUrl);
  if (url?.hostname === 'github.com' || url?.hostname === 'www.github.com') return 'https://api.github.com';
  if (url?.hostname.endsWith('.ghe.com')) return `https://api.${url.hostname}`;
  return `${webUrl}/api/v3`;
}

export function cloneUrl(webUrl: string, repo: string): string {
  return `${webUrl}/${encodedPath(repo)}.git`;
}

export function repoOf(webUrl: string, gitUrl: string): string | undefined {
  // github.com also takes ssh on port 443 of this host: https://docs.github.com/en/authentication/troubleshooting-ssh
  const sshHosts = URL.parse(webUrl)?.hostname === 'github.com' ? ['ssh.github.com'] : [];
  const path = pathOnForge(gitUrl, webUrl, sshHosts);
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
