import type { CallOptions, Forge, GitCredential } from '../forges/forge.ts';

export type GitTransport = 'http' | 'ssh' | 'git' | 'file';

/** One side of a mirror or one watched repository: where git finds it and how it is allowed in. */
export interface Endpoint {
  /** What git is given: a URL without a password, or an absolute path. */
  readonly url: string;
  /** What people read: `gh:acme/app`, the URL, or the path. */
  readonly display: string;
  readonly transport: GitTransport;
  /** Present when the URL belongs to a configured or well-known forge. */
  readonly forge?: Forge;
  /** The repository's path on that forge. */
  readonly repo?: string;
  /** For HTTP(S); undefined result: none configured, the user's own credential helpers decide. */
  readonly credential?: (options?: CallOptions) => Promise<GitCredential | undefined>;
}

/** The transport git will use for this URL or path (git-clone(1), "GIT URLS"). */
export function transportOf(url: string): GitTransport {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(url)?.[1]?.toLowerCase();
  if (scheme === 'http' || scheme === 'https') return 'http';
  if (scheme === 'ssh' || scheme === 'git+ssh' || scheme === 'ssh+git') return 'ssh';
  if (scheme === 'git') return 'git';
  if (scheme !== undefined) return 'file';
  // scp-like `host:path`: a colon before the first slash.
  return /^[^/]+:/.test(url) ? 'ssh' : 'file';
}

/** Two spellings of one repository (`https://h/a.git` and `https://H/a/`) compare equal; used to see `from` = `to`. */
export function sameRepository(a: Endpoint, b: Endpoint): boolean {
  if (a.forge !== undefined && b.forge !== undefined && a.repo !== undefined && b.repo !== undefined) {
    return a.forge.webUrl === b.forge.webUrl && a.repo.toLowerCase() === b.repo.toLowerCase();
  }
  return canonical(a) === canonical(b);
}

function canonical(endpoint: Endpoint): string {
  if (endpoint.transport === 'http') {
    const url = new URL(endpoint.url);
    return `${url.origin}${trimmed(url.pathname)}`;
  }
  const path = endpoint.url.replace(/^file:\/\//, '').replace(/\/+$/, '');
  // A clone `app` and a bare `app.git` beside it are two repositories; on a server they are two spellings of one.
  return endpoint.transport === 'file' ? path : trimmed(path);
}

function trimmed(path: string): string {
  return path.replace(/\/+$/, '').replace(/\.git$/, '');
}
