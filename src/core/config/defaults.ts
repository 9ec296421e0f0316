import type { Config, GateConfig, MirrorDefaults, PollConfig, ServeConfig } from './config.ts';

// The one place of default values; the schema's descriptions repeat them for people.

export const mirrorDefaults: MirrorDefaults = {
  cacheDir: undefined,
  cache: 'auto',
  batch: 500,
  timeoutMs: undefined,
  update: undefined,
  as: undefined,
  exclude: [],
  prune: false,
  atomic: false,
  create: false,
  verify: true,
  includeInternal: false,
};

export const gateDefaults: GateConfig = {
  repos: [],
  forks: 'all',
  lookup: ['branch', 'sha'],
  map: {},
  bases: [],
  minApprovals: 1,
  requiredChecks: [],
  requiredApps: [],
  requiredTeams: [],
  requireCodeOwners: false,
  upToDate: false,
  allowStaleApprovals: false,
  allowSelfApproval: false,
  allowDraft: false,
  allowBots: [],
  passing: [],
  allowAncestor: false,
  ifNoPr: 'block',
  ifAppMissing: 'block',
  deletions: 'block',
  tags: 'block',
  waitMs: 0,
  cacheTtlMs: 15_000,
  timeoutMs: 60_000,
  setStatus: false,
  rules: {},
  override: undefined,
};

export const serveDefaults: ServeConfig = {
  listen: '127.0.0.1:8080',
  baseUrl: undefined,
  hooksDir: undefined,
  hooks: {
    checkout: false,
    timeoutMs: 3_600_000,
    isolation: 'none',
    image: undefined,
    network: false,
    env: [],
  },
  dataDir: undefined,
  database: undefined,
  role: 'all',
  reconcileMs: 600_000,
  keepMs: 14 * 86_400_000,
  concurrency: { total: 4, perRepository: 1 },
  public: false,
  tlsCert: undefined,
  tlsKey: undefined,
  trustProxy: [],
  // GitHub sends at most 25 MB; which kind, it does not say.
  bodyLimitBytes: 25 * 1024 * 1024,
  insecureNoSecret: false,
  register: false,
  tunnel: undefined,
  auth: { basic: undefined, bearer: undefined, proxyHeader: undefined },
};

/** A repository that is named on the command line, or whose `poll:` says nothing else. */
export const pollDefaults: PollConfig = {
  intervalMs: 60_000,
  file: undefined,
  run: undefined,
  branches: ['**'],
  exclude: [],
  tags: [],
  changes: false,
  initial: 'baseline',
  concurrency: 1,
  runTimeoutMs: undefined,
  keepLogs: 50,
  stateDir: undefined,
  result: [],
  trust: ['internal'],
  guard: [],
  isolation: 'none',
  image: undefined,
  network: false,
  env: [],
  submodules: false,
  lfs: false,
};

/** The configuration when nothing is written anywhere; loads no schema library. */
export function defaultConfig(baseDir: string): Config {
  return {
    forges: {},
    repositories: [],
    mirror: mirrorDefaults,
    gate: gateDefaults,
    serve: serveDefaults,
    plugins: [],
    log: { level: 'info', format: undefined },
    baseDir,
  };
}
