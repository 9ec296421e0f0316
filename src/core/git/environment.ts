import type { GitCredential } from '../forges/forge.ts';
import { rememberSecret } from '../secret.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Variables that tie git to one repository (`git rev-parse --local-env-vars`). A hook's environment carries them, and with
 * them every git child would work on the user's clone instead of ours. User configuration by environment
 * (GIT_CONFIG_COUNT, GIT_CONFIG_PARAMETERS, GIT_SSH_COMMAND, GIT_ASKPASS) stays.
 */
const repositoryBound = [
  'GIT_ALTERNATE_OBJECT_DIRECTORIES',
  'GIT_OBJECT_DIRECTORY',
  'GIT_DIR',
  'GIT_WORK_TREE',
  'GIT_IMPLICIT_WORK_TREE',
  'GIT_GRAFT_FILE',
  'GIT_INDEX_FILE',
  'GIT_NO_REPLACE_OBJECTS',
  'GIT_REPLACE_REF_BASE',
  'GIT_PREFIX',
  'GIT_SHALLOW_FILE',
  'GIT_COMMON_DIR',
  'GIT_NAMESPACE',
  'GIT_QUARANTINE_PATH',
  'GIT_DEFAULT_HASH',
  'GIT_TRACE',
  'GIT_TRACE_CURL',
  'GIT_CURL_VERBOSE',
];

export interface GitAccess {
  /** The URL the one child talks to; its credential is scoped to this origin. */
  readonly url: string;
  readonly credential: GitCredential;
}

/**
 * The environment of one git child (pure). A credential goes in as `http.<origin>/.extraHeader` through GIT_CONFIG_COUNT
 * (git-config(1), "ENVIRONMENT"): never argv, never a file, only for that origin (so no redirect is followed with it), and after
 * the user's own entries.
 * `withheld` names variables that hold sluice's own secrets and are not for hooks of a local destination.
 */
export function gitEnvironment(
  base: Environment,
  options: { readonly access?: GitAccess | undefined; readonly withheld?: readonly string[] } = {},
): Environment {
  const env: Record<string, string | undefined> = { ...base };
  for (const name of repositoryBound) delete env[name];
  for (const name of options.withheld ?? []) delete env[name];
  env.LC_ALL = 'C';
  env.GIT_TERMINAL_PROMPT = '0';
  env.GIT_OPTIONAL_LOCKS = '0';
  if (options.access === undefined) return env;
  const origin = originOf(options.access.url);
  return appendConfig(env, [
    [`http.${origin}/.extraHeader`, authorization(options.access)],
    // git chooses the header by the first URL, and sends it to wherever that one redirects.
    [`http.${origin}/.followRedirects`, 'false'],
  ]);
}

/** The header line that authenticates git over HTTP; its derived form is known to `redact`. */
export function authorization({ credential }: Pick<GitAccess, 'credential'>): string {
  if (credential.kind === 'bearer') {
    rememberSecret(credential.token);
    return `Authorization: Bearer ${credential.token}`;
  }
  const pair = Buffer.from(`${credential.username}:${credential.password}`).toString('base64');
  rememberSecret(credential.password);
  rememberSecret(pair);
  return `Authorization: Basic ${pair}`;
}

function appendConfig(env: Environment, entries: readonly (readonly [string, string])[]): Environment {
  const count = Number.parseInt(env.GIT_CONFIG_COUNT ?? '0', 10) || 0;
  const added = entries.flatMap(([key, value], at) => [
    [`GIT_CONFIG_KEY_${count + at}`, key],
    [`GIT_CONFIG_VALUE_${count + at}`, value],
  ]);
  return { ...env, GIT_CONFIG_COUNT: String(count + entries.length), ...Object.fromEntries(added) };
}

function originOf(url: string): string {
  return new URL(url).origin;
}
