import type { Environment } from './environment.ts';

/** One line of the user's git configuration. */
export interface Setting {
  /** Lower case, for example `http.sslcainfo` or `http.https://h/.extraheader`. */
  readonly name: string;
  readonly value: string;
}

export type HttpTerms =
  /** Why only git itself can talk to this URL as the user wants. */
  | { readonly objection: string }
  /** File of certificate authorities that replaces the built-in ones. */
  | { readonly caFile: string | undefined };

/** Settings that change nothing for us. */
const harmless =
  /^http\.(postbuffer|lowspeedlimit|lowspeedtime|version|maxrequests|minsessions|useragent|followredirects)$/;
const harmlessForHttp = /^http\.(ssl\w+|schannel\w+|sslbackend)$/;

/**
 * Whether this process may speak HTTP to a URL in git's place (pure): only where it means the same. The user's certificate file is
 * honoured; proxies, client certificates, extra headers, rewritten URLs and traces are git's
 * (git-config(1) `http.*`, `url.*`; git(1) "ENVIRONMENT VARIABLES"; libcurl's proxy variables).
 */
export function httpTerms(url: URL, env: Environment, settings: readonly Setting[]): HttpTerms {
  const secure = url.protocol === 'https:';
  const variable = objectionableVariable(url, env, secure);
  if (variable !== undefined) return { objection: `the environment sets ${variable}` };
  let caFile = secure ? env.GIT_SSL_CAINFO || undefined : undefined;
  for (const { name, value } of settings) {
    if (harmless.test(name) || (!secure && harmlessForHttp.test(name))) continue;
    if (name !== 'http.sslcainfo') return { objection: `the git configuration sets ${name}` };
    caFile ??= value;
  }
  return { caFile };
}

function objectionableVariable(url: URL, env: Environment, secure: boolean): string | undefined {
  const proxy = new RegExp(`^(${secure ? 'https' : 'http'}|all)_proxy$`, 'i');
  const direct = bypassesProxy(url.hostname, env.no_proxy ?? env.NO_PROXY ?? '');
  return Object.keys(env).find((name) => {
    if (!env[name] || name === 'GIT_SSL_CAINFO') return false;
    if (proxy.test(name)) return !direct;
    if (name.startsWith('GIT_SSL_')) return secure;
    return /^GIT_(HTTP_|PROXY_|TRACE|CURL_)/.test(name);
  });
}

/** NO_PROXY as curl reads it: host names, which also stand for their subdomains, separated by commas; `*` is every host. */
function bypassesProxy(host: string, list: string): boolean {
  return list
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .some(
      (entry) => entry === '*' || host === entry.replace(/^\./, '') || host.endsWith(`.${entry.replace(/^\./, '')}`),
    );
}
