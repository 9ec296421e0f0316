import { SluiceError } from '../errors.ts';
import type { ForgeDefinition, ForgeOptions } from '../forges/definition.ts';
import { pathOnForge } from '../forges/git-url.ts';
import { builtInForges } from '../forges/registry.ts';
import { nearest } from '../model/nearest.ts';
import type { Config, ForgeConfig } from './config.ts';
import { predefinedSettings } from './predefined.ts';
import { resolveSecret, type SecretScope } from './secrets.ts';

/** Every usable alias: the user's, and the predefined public sites that the user did not redefine. */
export function forgeSettings(config: Config, env: SecretScope['env']): Readonly<Record<string, ForgeConfig>> {
  return { ...predefinedSettings(env), ...config.forges };
}

/** Web address of an alias: its own, or the public site of its type; SluiceError('config') when there is neither. */
export function webUrlOf(
  alias: string,
  settings: ForgeConfig,
  definitions: readonly ForgeDefinition[] = builtInForges,
): string {
  const url = settings.url ?? definitions.find(({ type }) => type === settings.type)?.defaultWebUrl;
  if (url !== undefined) return url;
  throw new SluiceError('config', `the forge "${alias}" has no address`, {
    hint: `Set forges.${alias}.url in the configuration`,
  });
}

/**
 * What a forge needs to open, with this alias's secrets (and no other's) fetched.
 * An alias that nobody configured is SluiceError('usage') with the nearest one.
 */
export async function forgeOptions(
  alias: string,
  forges: Readonly<Record<string, ForgeConfig>>,
  scope: SecretScope,
  definitions: readonly ForgeDefinition[] = builtInForges,
): Promise<ForgeOptions> {
  const settings = Object.hasOwn(forges, alias) ? forges[alias] : undefined;
  if (settings === undefined) {
    const near = nearest(alias, Object.keys(forges));
    throw new SluiceError('usage', `"${alias}" is not a configured forge`, {
      hint: near === undefined ? `Known aliases: ${Object.keys(forges).join(', ')}` : `Did you mean "${near}"?`,
    });
  }
  const { app, token } = settings;
  return {
    alias,
    webUrl: webUrlOf(alias, settings, definitions),
    apiUrl: settings.api,
    username: settings.username,
    token: token && (await resolveSecret(token, scope)),
    app: app && {
      id: app.id,
      privateKey: await resolveSecret(app.privateKey, scope),
      installationId: app.installation,
    },
  };
}

/**
 * The alias whose web address (host and path prefix) a git URL points at: http(s), ssh or scp-like. Where several match, the
 * longest prefix wins, then one with a credential, then the user's own before a predefined one.
 */
export function forgeForUrl(
  forges: Readonly<Record<string, ForgeConfig>>,
  url: string,
  definitions: readonly ForgeDefinition[] = builtInForges,
): { readonly alias: string; readonly path: string } | undefined {
  const matches = Object.entries(forges).flatMap(([alias, settings]) => {
    const webUrl = settings.url ?? definitions.find(({ type }) => type === settings.type)?.defaultWebUrl;
    const path = webUrl === undefined ? undefined : pathOnForge(url, webUrl);
    if (webUrl === undefined || path === undefined || path === '') return [];
    return [{ alias, path, length: webUrl.length, open: settings.token !== undefined || settings.app !== undefined }];
  });
  // Stable sort; predefined aliases come first in `forgeSettings`, hence the reversal.
  const [best] = matches.reverse().sort((a, b) => b.length - a.length || Number(b.open) - Number(a.open));
  return best && { alias: best.alias, path: best.path };
}
