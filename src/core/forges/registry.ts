import { SluiceError } from '../errors.ts';
import type { HttpSettings } from '../http/settings.ts';
import type { ForgeDefinition, ForgeOptions, OwnedForgeDefinition } from './definition.ts';
import type { Forge } from './forge.ts';

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
