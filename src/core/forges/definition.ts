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
