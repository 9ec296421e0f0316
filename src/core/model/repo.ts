import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { SluiceError } from '../errors.ts';
import { nearest } from './nearest.ts';
import { looksLikeToken } from './token-shape.ts';

/** Where a repository is. The path on a forge has no leading slash and no `.git`; a local path is absolute. */
export type RepoAddress =
  | { readonly kind: 'forge'; readonly alias: string; readonly path: string }
  | { readonly kind: 'url'; readonly url: string }
  | { readonly kind: 'path'; readonly path: string };

export interface AddressScope {
  /** Every alias that may stand before the colon, predefined ones included. */
  readonly aliases: Iterable<string>;
  /** What a relative path is relative to; absolute. */
  readonly cwd: string;
  /** What `~` stands for; default: the user's home directory. */
  readonly home?: string;
  /** Allows `*` in a path on a forge, for configuration entries that match many repositories. */
  readonly pattern?: boolean;
}

// For other schemes, and for `helper::address`, git runs a program that the URL names; no forge needs that.
const schemes = ['https', 'http', 'ssh', 'git', 'file'];

// `[user@]host:path`; no slash before the colon, so that `./a:b` and `dir/a:b` stay local paths, as in git-clone(1).
const scpForm = /^(?:[^@/:\s]+@)?(?:\[[^\]/\s]+\]|[^:/@\s[\]]+):.+$/;

const formsHint = 'Write alias:owner/name, a URL (https, ssh, git, file), git@host:path, or a path such as ./clone';

const credentialHint =
  'Leave the credential out and give it through the environment or a file: forges.<alias>.token: { env: NAME } in the configuration, or a credential helper of git';

/**
 * Reads a repository argument: `alias:owner/name`, a URL, scp-like `git@host:path`, or a local path (`~` is the home directory).
 * Nothing is looked up. What cannot be one is SluiceError('usage'), which never repeats a credential.
 */
export function parseAddress(text: string, scope: AddressScope): RepoAddress {
  if (text.trim() === '') throw new SluiceError('usage', 'the repository is empty', { hint: formsHint });
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a line break or NUL would end a line or an argument of git
  if (/[\x00-\x1f\x7f]/.test(text)) throw new SluiceError('usage', 'the repository holds a control character');
  // git would read it as an option.
  if (text.startsWith('-')) throw refusal(text, 'starts with "-"', 'Write ./ before a path that starts with "-"');
  if (/^[a-z0-9][a-z0-9+.-]*::/i.test(text)) throw refusal(text, 'names a remote helper of git', formsHint);
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return urlAddress(text);
  const aliases = [...scope.aliases];
  const [, alias, path] = /^([^:/]+):(.*)$/.exec(text) ?? [];
  if (alias !== undefined && aliases.includes(alias)) return forgeAddress(alias, path ?? '', scope.pattern === true);
  if (scpForm.test(text)) return scpAddress(text, aliases);
  return { kind: 'path', path: localPath(text, scope) };
}

/** The address for people, in a form that `parseAddress` reads back. */
export function displayAddress(address: RepoAddress): string {
  if (address.kind === 'forge') return `${address.alias}:${address.path}`;
  return address.kind === 'url' ? address.url : address.path;
}

/** An absolute path: `~` and `~/x` in the home directory, everything else relative to `cwd`. */
export function localPath(text: string, scope: Pick<AddressScope, 'cwd' | 'home'>): string {
  if (text === '~' || text.startsWith('~/')) return join(scope.home ?? homedir(), text.slice(1));
  return resolve(scope.cwd, text);
}

// Tokens without a prefix of their own (Gitea's, old ones of GitHub); no login is that long and without a separator.
const longWord = /^[A-Za-z0-9]{20,}$/;

function urlAddress(text: string): RepoAddress {
  const url = URL.parse(text);
  if (url === null) throw refusal(text, 'is not a URL', formsHint);
  if (!schemes.includes(url.protocol.slice(0, -1))) {
    throw refusal(text, 'has a scheme that sluice does not use', `Use one of ${schemes.join(', ')}`);
  }
  const user = decodeURIComponentOr(url.username);
  if (url.password !== '' || looksLikeToken(user) || longWord.test(user) || url.search !== '' || url.hash !== '') {
    throw new SluiceError('usage', `the URL for ${url.host} holds a password, a token or a query`, {
      hint: credentialHint,
    });
  }
  if (url.hostname.startsWith('-')) throw refusal(text, 'has a host that starts with "-"', formsHint);
  if (url.protocol !== 'file:' && url.hostname === '') throw refusal(text, 'has no host', formsHint);
  if (url.pathname === '' || url.pathname === '/') throw refusal(text, 'names no repository on its host', formsHint);
  return { kind: 'url', url: text };
}

function scpAddress(text: string, aliases: readonly string[]): RepoAddress {
  const beforeColon = text.slice(0, text.indexOf(':'));
  const host = beforeColon.slice(beforeColon.indexOf('@') + 1);
  if (host.startsWith('-')) throw refusal(host, 'is a host that starts with "-"', formsHint);
  // `user:password@host/path` looks like a path on the host `user`.
  if (/^[^/]*@/.test(text.slice(beforeColon.length + 1))) {
    throw new SluiceError('usage', 'the repository holds a user and a password', { hint: credentialHint });
  }
  // A bare word is a mistyped alias far more often than a host of ~/.ssh/config, which has the ssh:// form.
  if (/^[\w-]+$/.test(beforeColon)) {
    const near = nearest(beforeColon, aliases);
    const hint = near === undefined ? `Known aliases: ${aliases.join(', ')}` : `Did you mean "${near}:"?`;
    throw new SluiceError('usage', `"${beforeColon}" is not a configured forge`, {
      hint: `${hint}; a host is written ssh://${beforeColon}/path`,
    });
  }
  return { kind: 'url', url: text };
}

function forgeAddress(alias: string, text: string, pattern: boolean): RepoAddress {
  const path = text.replace(/^\/+|\/+$/g, '').replace(/\.git$/, '');
  const segments = path.split('/');
  const allowed = pattern ? /^[^\s:?#\\%[\]]+$/ : /^[^\s:?#\\%[\]*]+$/;
  const wrong = segments.some((part) => !allowed.test(part) || /^\.{1,2}$/.test(part) || part.startsWith('-'));
  if (wrong || segments.length < 2) {
    throw new SluiceError('usage', `"${alias}:" must be followed by the repository's path on the forge`, {
      hint: `For example ${alias}:owner/name`,
    });
  }
  return { kind: 'forge', alias, path };
}

function refusal(text: string, problem: string, hint: string): SluiceError {
  const shown = text.replace(/^([a-z0-9+.-]*:+(?:\/\/)?)[^/]*@/i, '$1');
  return new SluiceError('usage', `the repository "${shown}" ${problem}`, { hint });
}

function decodeURIComponentOr(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
