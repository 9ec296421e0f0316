import type { RepoAddress } from '../model/repo.ts';

// The normalised configuration: what the rest of sluice reads. Durations are milliseconds, paths absolute, lists are lists,
// defaults filled in. How a user writes it is `WrittenConfig` in schema.ts.

/** Where a secret comes from; resolved by `resolveSecret` only when a command needs it. */
export type SecretSource =
  | { readonly env: string }
  | { readonly file: string }
  | { readonly command: readonly string[] };

export interface Config {
  /** Aliases that the user wrote; the predefined ones are added by `forgeSettings` (forges.ts). */
  readonly forges: Readonly<Record<string, ForgeConfig>>;
  readonly repositories: readonly RepositoryConfig[];
  readonly mirror: MirrorDefaults;
  readonly gate: GateConfig;
  readonly serve: ServeConfig;
  /** Package names, or absolute paths of files. */
  readonly plugins: readonly string[];
  readonly log: { readonly level: LogLevel; readonly format: 'pretty' | 'json' | undefined };
  /** Directory of the configuration file (without one: the start directory); secrets' files and packages are sought from here. */
  readonly baseDir: string;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

export interface ForgeConfig {
  /** A built-in ForgeType, or the type of a plugin's forge. */
  readonly type: string;
  /** Address of the web pages without a trailing slash; undefined: the type's public site. */
  readonly url: string | undefined;
  /** Base of the API without a trailing slash; undefined: derived from `url`. */
  readonly api: string | undefined;
  readonly token: SecretSource | undefined;
  /** Login that belongs to the token, for forges that want a pair (Bitbucket's app passwords). */
  readonly username: string | undefined;
  readonly app: GitHubAppConfig | undefined;
}

export interface GitHubAppConfig {
  /** App id or client id. */
  readonly id: string;
  readonly privateKey: SecretSource;
  /** Undefined: looked up from the repository. */
  readonly installation: number | undefined;
}

export interface RepositoryConfig {
  /** As written, for messages and for matching. */
  readonly repo: string;
  /** A path on a forge may hold `*`. */
  readonly address: RepoAddress;
  /** Unique; the `:source` of `/hooks/:source` and part of file names. Undefined: derived by who needs it. */
  readonly name: string | undefined;
  readonly webhook: { readonly secrets: readonly SecretSource[] } | undefined;
  readonly mirror: RepositoryMirror | undefined;
  readonly run: readonly RunConfig[];
  /** Trust policies for running scripts of change requests; also of `mirror.changes` where that says nothing itself. */
  readonly trust: readonly string[];
  /** Globs over paths whose change demands a writer's approval. */
  readonly guard: readonly string[];
  /** Pushes that sluice itself made when mirroring run scripts too. */
  readonly runMirrored: boolean;
  /** Outcomes are set as commit statuses. */
  readonly statuses: boolean;
  readonly poll: PollConfig | undefined;
}

/** Globs are picomatch globs over short names. */
export interface RepositoryMirror {
  /** Undefined: the same repository. */
  readonly to: RepoAddress | undefined;
  /** Undefined: change requests are not mirrored. */
  readonly changes: MirrorChanges | undefined;
  readonly branches: readonly string[];
  readonly tags: readonly string[];
  readonly exclude: readonly string[];
  /** Explicit refspecs `SRC:DST`. */
  readonly refs: readonly string[];
  readonly as: string;
  readonly update: 'ff' | 'force' | undefined;
  readonly prune: boolean;
  readonly atomic: boolean;
  readonly create: boolean;
  readonly verify: boolean;
}

export interface MirrorChanges {
  readonly as: string;
  /** Trust policies: `internal`, `author:…`, `label:…`, `review:…`, `comment:…`. */
  readonly trust: readonly string[];
  /** Paths whose change demands more trust. */
  readonly guard: readonly string[];
  /** Also change requests whose head is in the same repository. */
  readonly includeInternal: boolean;
}

export interface MirrorDefaults {
  /** Undefined: the user's cache directory. */
  readonly cacheDir: string | undefined;
  readonly cache: 'auto' | 'always' | 'never';
  /** Refs per push. */
  readonly batch: number;
  readonly timeoutMs: number | undefined;
  /** Undefined: by kind of ref (ff for branches, force for change requests). */
  readonly update: 'ff' | 'force' | undefined;
  /** Undefined: by kind of ref (`pr/{number}`, `{name}`). */
  readonly as: string | undefined;
  readonly exclude: readonly string[];
  readonly prune: boolean;
  readonly atomic: boolean;
  readonly create: boolean;
  readonly verify: boolean;
  readonly includeInternal: boolean;
}

export type RunEvent = 'push' | 'change' | 'tag' | 'delete';
export type Isolation = 'none' | 'bubblewrap' | 'podman' | 'docker';

export interface RunConfig {
  readonly name: string;
  readonly on: readonly RunEvent[];
  readonly branches: readonly string[];
  readonly command: readonly string[];
  readonly checkout: boolean;
  /** Undefined: that of the hook scripts. */
  readonly timeoutMs: number | undefined;
  readonly isolation: Isolation;
  readonly image: string | undefined;
  readonly network: boolean;
  /** Names of variables that the command may see beside the documented ones. */
  readonly env: readonly string[];
}

/** How hook scripts are run. */
export type HooksConfig = Omit<RunConfig, 'name' | 'on' | 'branches' | 'command' | 'timeoutMs'> & {
  readonly timeoutMs: number;
};

export type PollResult = 'status' | 'notes' | 'commit' | 'none';

export interface PollConfig {
  readonly intervalMs: number;
  /** Script inside the commit; undefined: `ci/pipeline`, then `ci/pipeline.*`. */
  readonly file: string | undefined;
  /** The operator's own command instead of a file of the commit. */
  readonly run: readonly string[] | undefined;
  readonly branches: readonly string[];
  readonly exclude: readonly string[];
  readonly tags: readonly string[];
  readonly changes: boolean;
  readonly initial: 'run' | 'baseline';
  readonly concurrency: number;
  readonly runTimeoutMs: number | undefined;
  readonly keepLogs: number;
  readonly stateDir: string | undefined;
  readonly result: readonly PollResult[];
  /** Trust policies for change requests. */
  readonly trust: readonly string[];
  /** Globs over paths whose change demands a writer's approval. */
  readonly guard: readonly string[];
  readonly isolation: Isolation;
  readonly image: string | undefined;
  readonly network: boolean;
  /** Names of variables that the script may see beside the documented ones. */
  readonly env: readonly string[];
  readonly submodules: boolean;
  readonly lfs: boolean;
}

export interface GateConfig {
  readonly repos: readonly RepoAddress[];
  readonly forks: 'all' | 'any';
  readonly lookup: readonly string[];
  /** Glob over the pushed branch → template of the change request's branch. */
  readonly map: Readonly<Record<string, string>>;
  /** Globs over the base branch of the change request; empty: any. */
  readonly bases: readonly string[];
  readonly minApprovals: number;
  /** `NAME`, `NAME@APP` or `NAME@*`. */
  readonly requiredChecks: readonly string[];
  readonly requiredApps: readonly string[];
  /** Teams of which at least one member each must have approved. */
  readonly requiredTeams: readonly string[];
  /** What is pushed must be approved by who owns it by CODEOWNERS of the base branch. */
  readonly requireCodeOwners: boolean;
  /** What is pushed must have all of the base branch in its history. */
  readonly upToDate: boolean;
  readonly allowStaleApprovals: boolean;
  readonly allowSelfApproval: boolean;
  readonly allowDraft: boolean;
  /** Logins of bots whose reviews count. */
  readonly allowBots: readonly string[];
  /** Conclusions beside success that let a required check pass. */
  readonly passing: readonly ('neutral' | 'skipped')[];
  /** The pushed commit may be an ancestor of the change request's head. */
  readonly allowAncestor: boolean;
  readonly ifNoPr: 'block' | 'allow';
  readonly ifAppMissing: 'block' | 'warn';
  readonly deletions: 'block' | 'allow';
  readonly tags: 'block' | 'allow';
  readonly waitMs: number;
  readonly cacheTtlMs: number;
  /** Of one asking of all forges. */
  readonly timeoutMs: number;
  readonly setStatus: boolean;
  /** Rules of plugins by name, with their settings. */
  readonly rules: Readonly<Record<string, unknown>>;
  /** Undefined: nothing can be overridden. */
  readonly override: { readonly auditFile: string } | undefined;
}

export interface ServeConfig {
  /** `host:port` or `unix:/path`. */
  readonly listen: string;
  readonly baseUrl: string | undefined;
  readonly hooksDir: string | undefined;
  readonly hooks: HooksConfig;
  readonly dataDir: string | undefined;
  readonly database: SecretSource | undefined;
  readonly role: 'all' | 'listener' | 'worker';
  /** 0: only at the start. */
  readonly reconcileMs: number;
  /** Age at which ended runs, their logs and deliveries are forgotten. */
  readonly keepMs: number;
  readonly concurrency: { readonly total: number; readonly perRepository: number };
  readonly public: boolean;
  readonly tlsCert: string | undefined;
  readonly tlsKey: string | undefined;
  /** CIDR ranges of proxies whose X-Forwarded-* headers are believed. */
  readonly trustProxy: readonly string[];
  readonly bodyLimitBytes: number;
  readonly insecureNoSecret: boolean;
  readonly register: boolean;
  readonly tunnel: 'smee' | 'ngrok' | 'cloudflared' | undefined;
  readonly auth: ServeAuth;
}

export interface ServeAuth {
  readonly basic: { readonly username: string; readonly password: SecretSource } | undefined;
  readonly bearer: SecretSource | undefined;
  /** Header in which an authenticating proxy names the user. */
  readonly proxyHeader: string | undefined;
}
