import type { ForgeConfig } from './config.ts';

interface PredefinedForge {
  readonly alias: string;
  readonly type: string;
  readonly url: string;
  /** Variables that may hold a token; the first one that is set counts. */
  readonly tokens: readonly string[];
}

/** The public sites, usable without any configuration; an alias of the user's with the same name replaces one. */
const predefinedForges: readonly PredefinedForge[] = [
  { alias: 'github', type: 'github', url: 'https://github.com', tokens: ['GITHUB_TOKEN', 'GH_TOKEN'] },
  { alias: 'gitlab', type: 'gitlab', url: 'https://gitlab.com', tokens: ['GITLAB_TOKEN'] },
  { alias: 'bitbucket', type: 'bitbucket', url: 'https://bitbucket.org', tokens: ['BITBUCKET_TOKEN'] },
];

export const predefinedAliases: readonly string[] = predefinedForges.map(({ alias }) => alias);

/** The predefined aliases with tokens from the environment, where one is set. */
export function predefinedSettings(
  env: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, ForgeConfig>> {
  return Object.fromEntries(
    predefinedForges.map(({ alias, type, url, tokens }) => {
      const variable = tokens.find((name) => (env[name] ?? '') !== '');
      const token = variable === undefined ? undefined : { env: variable };
      return [alias, { type, url, api: undefined, token, username: undefined, app: undefined }];
    }),
  );
}
