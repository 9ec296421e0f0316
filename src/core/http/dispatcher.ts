import type { Dispatcher } from 'undici';

/**
 * Connections for any number of clients, opened at the first request: keep-alive, and through the proxy that HTTPS_PROXY,
 * HTTP_PROXY and NO_PROXY (either case) name. undici costs 70 ms to import, so a run that asks no forge never pays it.
 */
export function lazyDispatcher(env: Readonly<Record<string, string | undefined>>): () => Promise<Dispatcher> {
  let opened: Promise<Dispatcher> | undefined;
  return () => {
    opened ??= openDispatcher(env);
    return opened;
  };
}

async function openDispatcher(env: Readonly<Record<string, string | undefined>>): Promise<Dispatcher> {
  const { EnvHttpProxyAgent } = await import('undici');
  // All three are given, even when empty: what is left out would be read from process.env.
  return new EnvHttpProxyAgent({
    httpProxy: env.http_proxy ?? env.HTTP_PROXY ?? '',
    httpsProxy: env.https_proxy ?? env.HTTPS_PROXY ?? '',
    noProxy: env.no_proxy ?? env.NO_PROXY ?? '',
  });
}
