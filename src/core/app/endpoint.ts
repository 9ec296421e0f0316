import type { Config } from '../config/config.ts';
import { forgeForUrl, forgeSettings } from '../config/forges.ts';
import { type Endpoint, transportOf } from '../git/endpoint.ts';
import { displayAddress, parseAddress } from '../model/repo.ts';
import type { CommandContext } from '../plugins/command.ts';

/** A repository argument as an endpoint; its forge is opened only when it is asked, or has a credential to give. */
export async function openEndpoint(
  context: CommandContext,
  config: Config,
  text: string,
  api: boolean,
): Promise<Endpoint> {
  const settings = forgeSettings(config, context.env);
  const address = parseAddress(text, { aliases: Object.keys(settings), cwd: context.cwd });
  const display = displayAddress(address);
  if (address.kind === 'path') return { url: address.path, display, transport: 'file' };
  if (address.kind === 'forge') {
    const forge = await context.forge(address.alias);
    return {
      url: forge.cloneUrl(address.path),
      display,
      transport: 'http',
      forge,
      repo: address.path,
      credential: (call) => forge.gitCredential(address.path, call),
    };
  }
  const transport = transportOf(address.url);
  const owner = forgeForUrl(settings, address.url);
  const configured = owner === undefined ? undefined : settings[owner.alias];
  const useful = api || (transport === 'http' && (configured?.token ?? configured?.app) !== undefined);
  if (owner === undefined || !useful) return { url: address.url, display, transport };
  const forge = await context.forge(owner.alias);
  const repo = forge.repoOf(address.url) ?? owner.path;
  return { url: address.url, display, transport, forge, repo, credential: (call) => forge.gitCredential(repo, call) };
}
