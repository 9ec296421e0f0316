import { SluiceError } from '../errors.ts';
import type { HttpSettings } from '../http/settings.ts';
import type { Secret } from '../secret.ts';
import type { Forge } from './forge.ts';

/** One configured alias, after defaults: what a forge needs to open. Secrets are resolved and wrapped. */
export interface ForgeOptions {
  readonly alias: string;
  /** Origin (and path prefix) of the web pages; a trailing slash does not matter. */
  readonly webUrl: string;
  /** Overrides the API base that the forge derives from `webUrl`. */
  readonly apiUrl?: string | undefined;
  readonly token?: Secret | undefined;
  /** Account name for forges whose tokens are used as a password (Bitbucket Cloud app passwords and API tokens). */
  readonly username?: string | undefined;
  /** GitHub App instead of a token. */
  readonly app?: ForgeApp | undefined;
}

export interface ForgeApp {
  readonly id: number | string;
  /** PEM, PKCS#1 or PKCS#8. */
  readonly privateKey: Secret;
  /** Left out: found for each repository. */
  readonly installationId?: number | undefined;
}

/** What a forge folder's `index.ts` and a plugin export: data, with no side effect on import. */
export interface ForgeModule {
  create(options: ForgeOptions, http: HttpSettings): Forge;
}

export interface ForgeDefinition {
  readonly type: string;
  /** The public site, where there is one; an alias without `url` uses it. */
  readonly defaultWebUrl?: string;
  /** Imports the forge's code when an alias of this type is first used. */
  load(): Promise<ForgeModule>;
}

/** A definition and who brought it, for messages: `sluice` or the plugin's name. */
export interface OwnedForgeDefinition {
  readonly owner: string;
  readonly definition: ForgeDefinition;
}

export const builtInForges: readonly ForgeDefinition[] = [
  { type: 'github', defaultWebUrl: 'https://github.com', load: async () => (await import('./github/index.ts')).github },
  { type: 'gitlab', defaultWebUrl: 'https://gitlab.com', load: async () => (await import('./gitlab/index.ts')).gitlab },
  { type: 'gitea', load: async () => (await import('./gitea/index.ts')).gitea },
  {
    type: 'bitbucket',
    defaultWebUrl: 'https://bitbucket.org',
    load: async () => (await import('./bitbucket/index.ts')).bitbucket,
  },
  {
    type: 'bitbucket-datacenter',
    load: async () => (await import('./bitbucket-datacenter/index.ts')).bitbucketDatacenter,
  },
];

/** Definitions by type. Two owners of one type are a configuration error that names both. */
export function forgeRegistry(definitions: readonly OwnedForgeDefinition[]): ReadonlyMap<string, ForgeDefinition> {
  const owners = new Map<string, OwnedForgeDefinition>();
  for (const owned of definitions) {
    const { type } = owned.definition;
    const first = owners.get(type);
    if (first !== undefined) {
      throw new SluiceError(
        'config',
        `forge type "${type}" is defined twice: by ${first.owner} and by ${owned.owner}`,
        {
          hint: `remove one of them from "plugins"`,
        },
      );
    }
    owners.set(type, owned);
  }
  return new Map([...owners].map(([type, { definition }]) => [type, definition]));
}

/** Loads the forge's code and opens it; nothing is sent yet. */
export async function openForge(
  definition: ForgeDefinition,
  options: ForgeOptions,
  http: HttpSettings = {},
): Promise<Forge> {
  const forge = await definition.load();
  return forge.create(options, http);
}
