import type { ForgeOptions } from './definition.ts';

/** Web and API base without trailing slashes; the API's is derived from the web's unless it was configured. */
export function baseUrls(
  options: Pick<ForgeOptions, 'webUrl' | 'apiUrl'>,
  apiUrlOf: (webUrl: string) => string,
): { readonly webUrl: string; readonly apiUrl: string } {
  const webUrl = trimmed(options.webUrl);
  return { webUrl, apiUrl: options.apiUrl === undefined ? apiUrlOf(webUrl) : trimmed(options.apiUrl) };
}

function trimmed(url: string): string {
  return url.replace(/\/+$/, '');
}
