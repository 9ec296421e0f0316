import type { Config, ForgeConfig } from '../config/config.ts';
import { forgeForUrl, forgeOptions, forgeSettings } from '../config/forges.ts';
import { SluiceError, toSluiceError } from '../errors.ts';
import type { ForgeDefinition, ForgeOptions } from '../forges/definition.ts';
import type { Forge } from '../forges/forge.ts';
import { builtInForges, openForge } from '../forges/registry.ts';
import type { GateFork } from '../gate/ports.ts';
import { type KeptAnswers, keptInMemory } from '../http/kept-answers.ts';
import { nodeTransport } from '../http/node-transport.ts';
import type { HttpSettings } from '../http/settings.ts';
import { displayAddress, parseAddress, type RepoAddress } from '../model/repo.ts';
import type { CommandContext } from '../plugins/command.ts';
import { digest } from '../private-files.ts';
import { version } from '../version.ts';
import type { Plugins } from './gate-plugins.ts';

/** A fork whose forge is opened with all of its roles. */
export interface OpenFork extends GateFork {
  open(): Promise<Forge>;
}

export interface ForkScope {
  readonly context: CommandContext;
  readonly config: Config;
  readonly plugins: Plugins;
  /** Limit of one request; a gate that is asked again by its user need not be patient by itself. */
  readonly timeoutMs: number;
  readonly kept: KeptAnswers;
}

/** The internal repositories of the flags, else of the configuration. None at all is SluiceError `usage`. */
export async function openForks(repos: readonly string[], scope: ForkScope): Promise<readonly OpenFork[]> {
  const { config, context } = scope;
  const settings = forgeSettings(config, context.env);
  const aliases = Object.keys(settings);
  const addresses =
    repos.length > 0 ? repos.map((text) => parseAddress(text, { aliases, cwd: context.cwd })) : config.gate.repos;
  if (addresses.length === 0) {
    throw new SluiceError('usage', 'gate: no internal repository is named in which the change request could be', {
      hint: 'Name it: --repo github:acme/app-internal, or gate: { repos: [github:acme/app-internal] } in sluice.yaml.',
    });
  }
  const http = { ...httpSettings(scope), transport: nodeTransport(context.env) };
  const forges = new Map<string, Promise<OpenAlias>>();
  return await Promise.all(
    addresses.map(async (address) => {
      const { alias, repo } = placeOf(address, settings, repos.length > 0 ? 'usage' : 'config');
      const opened = forges.get(alias) ?? openAlias(alias, settings, http, scope);
      forges.set(alias, opened);
      const { key, open } = await opened;
      const cacheKey = key === undefined ? undefined : digest(JSON.stringify([key, repo]));
      return { name: displayAddress({ kind: 'forge', alias, path: repo }), repo, cacheKey, open };
    }),
  );
}

function httpSettings({ timeoutMs, context }: ForkScope): HttpSettings {
  return {
    userAgent: `git-sluice/${version}`,
    env: context.env,
    timeoutMs: Math.min(timeoutMs, 30_000),
    maxRetries: 2,
    // A limit that lasts longer is told to the person who waits, and honoured by --wait.
    maxWaitMs: 5_000,
    onWait: ({ reason, waitMs }) => context.log.info(`${reason}; trying again in ${Math.ceil(waitMs / 1000)} s`),
  };
}

function placeOf(
  address: RepoAddress,
  settings: Readonly<Record<string, ForgeConfig>>,
  fault: 'usage' | 'config',
): { readonly alias: string; readonly repo: string } {
  if (address.kind === 'forge') return { alias: address.alias, repo: address.path };
  const place = address.kind === 'url' ? forgeForUrl(settings, address.url) : undefined;
  if (place !== undefined) return { alias: place.alias, repo: place.path.replace(/\.git$/, '') };
  throw new SluiceError(fault, `gate: ${displayAddress(address)} belongs to no configured forge`, {
    hint: "The gate asks a forge's API: write alias:owner/name, and configure the alias under forges:.",
  });
}

interface OpenAlias {
  /** All that decides whose answers these are, the credential included; undefined where it cannot be had. */
  readonly key: string | undefined;
  open(): Promise<Forge>;
}

/** What cannot be configured right is thrown at once; a credential that cannot be had becomes a failure of asking. */
async function openAlias(
  alias: string,
  settings: Readonly<Record<string, ForgeConfig>>,
  http: HttpSettings,
  { context, config, plugins, kept }: ForkScope,
): Promise<OpenAlias> {
  const type = Object.hasOwn(settings, alias) ? settings[alias]?.type : undefined;
  const definitions = await definitionsFor(type, plugins);
  const { env, signal, log } = context;
  const secrets = { env, cwd: config.baseDir, signal, warn: (text: string) => log.warn(text) };
  try {
    const options = await forgeOptions(alias, settings, secrets, definitions);
    const definition = definitions.find((one) => one.type === type);
    if (definition === undefined) {
      throw new SluiceError('config', `the forge "${alias}" has the type "${type}", which nothing defines`, {
        hint: `Built in are ${builtInForges.map((built) => built.type).join(', ')}; a plugin may add others.`,
      });
    }
    let forge: Promise<Forge> | undefined;
    return {
      key: keyOf(type, options),
      open() {
        // The tokens of an app are new in every process: no other one would find what they were answered.
        forge ??= openForge(definition, options, { ...http, kept: options.app === undefined ? kept : keptInMemory() });
        return forge;
      },
    };
  } catch (thrown) {
    const error = toSluiceError(thrown);
    if (signal.aborted || ['usage', 'config', 'internal'].includes(error.code)) throw error;
    return { key: undefined, open: () => Promise.reject(error) };
  }
}

async function definitionsFor(type: string | undefined, plugins: Plugins): Promise<readonly ForgeDefinition[]> {
  if (type === undefined || builtInForges.some((built) => built.type === type)) return builtInForges;
  return [...builtInForges, ...(await plugins()).forges.map(({ definition }) => definition)];
}

function keyOf(type: string | undefined, { alias, webUrl, apiUrl, token, username, app }: ForgeOptions): string {
  const credential = [token?.reveal(), username, app?.id, app?.privateKey.reveal(), app?.installationId];
  return JSON.stringify([type, alias, webUrl, apiUrl, digest(JSON.stringify(credential))]);
}
