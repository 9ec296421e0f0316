/** A git URL that names a server (http, ssh or scp-like), taken apart. */
export interface GitUrl {
  readonly transport: 'http' | 'ssh';
  /** Lower case; with its port when an http one is not the scheme's own. Never with a port for ssh, whose port says nothing about the forge. */
  readonly host: string;
  /** Percent-decoded, without slashes around it and without `.git`: `acme/app`. */
  readonly path: string;
}

/** Undefined for paths, `file:` and other transports, and for what is not a URL at all. */
export function parseGitUrl(text: string): GitUrl | undefined {
  if (text.includes('://')) return parseStandard(text);
  // scp-like (git-clone(1)): a colon before the first slash. One letter before it is a drive of Windows, not a host.
  const scp = /^(?:[^@/:\s]+@)?(\[[^\]/\s]+\]|[^@/:\s[\]]{2,}):(?!\/\/)(.+)$/.exec(text);
  const [, host, path] = scp ?? [];
  if (host === undefined || path === undefined) return undefined;
  return { transport: 'ssh', host: host.toLowerCase(), path: barePath(path) };
}

function parseStandard(text: string): GitUrl | undefined {
  const url = URL.parse(text);
  if (url === null) return undefined;
  const path = decoded(url.pathname);
  if (path === undefined) return undefined;
  if (url.protocol === 'http:' || url.protocol === 'https:')
    return { transport: 'http', host: url.host, path: barePath(path) };
  if (!/^(git\+ssh|ssh\+git|ssh):$/.test(url.protocol)) return undefined;
  return { transport: 'ssh', host: url.hostname.toLowerCase(), path: barePath(path) };
}

/**
 * The part of a git URL that names the repository on the forge whose pages are at `webUrl`, or undefined when it points
 * elsewhere. Over http the web address's own path prefix goes with it; over ssh forges have none.
 */
export function pathOnForge(gitUrl: string, webUrl: string, sshHosts: readonly string[] = []): string | undefined {
  const url = parseGitUrl(gitUrl);
  const web = parseGitUrl(webUrl);
  if (url === undefined || web === undefined) return undefined;
  if (url.transport === 'ssh') {
    const hostname = web.host.replace(/:\d+$/, '');
    return url.host === hostname || sshHosts.includes(url.host) ? url.path : undefined;
  }
  if (url.host !== web.host) return undefined;
  if (web.path === '') return url.path;
  return url.path.startsWith(`${web.path}/`) ? url.path.slice(web.path.length + 1) : undefined;
}

function barePath(path: string): string {
  return path.replace(/^\/+|\/+$/g, '').replace(/\.git$/, '');
}

function decoded(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}
