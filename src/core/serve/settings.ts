import type { Config, RepositoryConfig, SecretSource, ServeConfig } from '../config/config.ts';
import { SluiceError } from '../errors.ts';
import type { RepoAddress } from '../model/repo.ts';

/** The flags of `sluice serve` as the command line gives them. */
export interface ServeFlags {
  readonly repo?: readonly string[];
  readonly mirrorTo?: string;
  readonly branch?: readonly string[];
  readonly hooksDir?: string;
  readonly secretEnv?: readonly string[];
  readonly trust?: readonly string[];
  readonly guard?: readonly string[];
  readonly listen?: string;
  readonly baseUrl?: string;
  readonly dataDir?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly trustProxy?: readonly string[];
  readonly insecureNoSecret?: boolean;
  /** Milliseconds. */
  readonly reconcile?: number;
  readonly concurrency?: number;
  readonly register?: boolean;
  readonly deregister?: boolean;
  readonly tunnel?: NonNullable<ServeConfig['tunnel']>;
  readonly public?: boolean;
  /** `false` from `--no-statuses`. */
  readonly statuses?: boolean;
}

export interface FlagScope {
  readonly address: (text: string) => RepoAddress;
  /** An absolute path. */
  readonly path: (text: string) => string;
}

/** Flags over the configuration's `serve:` and `repositories:` (pure). With `--repo` only those are served. */
export function serveSettings(flags: ServeFlags, config: Config, scope: FlagScope): Config {
  refuseNonsense(flags);
  const { serve } = config;
  const path = (given: string | undefined, otherwise: string | undefined) =>
    given === undefined ? otherwise : scope.path(given);
  return {
    ...config,
    repositories: repositoriesOf(flags, config, scope),
    serve: {
      ...serve,
      listen: flags.listen ?? serve.listen,
      baseUrl: (flags.baseUrl ?? serve.baseUrl)?.replace(/\/+$/, ''),
      hooksDir: path(flags.hooksDir, serve.hooksDir),
      dataDir: path(flags.dataDir, serve.dataDir),
      tlsCert: path(flags.tlsCert, serve.tlsCert),
      tlsKey: path(flags.tlsKey, serve.tlsKey),
      trustProxy: flags.trustProxy ?? serve.trustProxy,
      insecureNoSecret: flags.insecureNoSecret ?? serve.insecureNoSecret,
      reconcileMs: flags.reconcile ?? serve.reconcileMs,
      concurrency: { ...serve.concurrency, total: flags.concurrency ?? serve.concurrency.total },
      register: flags.register ?? serve.register,
      tunnel: flags.tunnel ?? serve.tunnel,
      public: flags.public ?? serve.public,
    },
  };
}

function refuseNonsense(given: ServeFlags): void {
  const { repo = [], mirrorTo, branch, secretEnv, trust, guard, tlsCert, tlsKey, ...flags } = given;
  const needsRepo = [
    ['--mirror-to', mirrorTo],
    ['--branch', branch],
    ['--secret-env', secretEnv],
    ['--trust', trust],
    ['--guard', guard],
  ] as const;
  const stray = needsRepo.find(([, value]) => value !== undefined);
  if (repo.length === 0 && stray !== undefined) {
    throw new SluiceError('usage', `${stray[0]} is for a repository that --repo names`, {
      hint: 'In a configuration file it belongs to the entry in repositories:.',
    });
  }
  if (repo.length > 1 && mirrorTo !== undefined) {
    throw new SluiceError('usage', '--mirror-to is for one --repo', {
      hint: 'Write several mirrors into sluice.yaml (repositories:).',
    });
  }
  if (branch !== undefined && mirrorTo === undefined) {
    throw new SluiceError('usage', '--branch says what is mirrored, and --mirror-to is missing');
  }
  if (flags.baseUrl !== undefined && !/^https?:$/.test(URL.parse(flags.baseUrl)?.protocol ?? '')) {
    throw new SluiceError('usage', `--base-url ${JSON.stringify(flags.baseUrl)} is not an http(s) address`, {
      hint: 'For example --base-url https://ci.example.org.',
    });
  }
  if ((tlsCert === undefined) !== (tlsKey === undefined)) {
    throw new SluiceError('usage', 'TLS needs both --tls-cert and --tls-key', {
      hint: 'One is the certificate with its chain, the other its private key, both PEM.',
    });
  }
  if (flags.register && flags.deregister) {
    throw new SluiceError('usage', '--register and --deregister cannot stand together');
  }
}

function repositoriesOf(flags: ServeFlags, config: Config, scope: FlagScope): readonly RepositoryConfig[] {
  if (flags.repo === undefined) return config.repositories;
  const chosen = flags.repo.map((repo) => {
    const entry = config.repositories.find((one) => one.repo === repo || one.name === repo);
    return withFlags(entry ?? blank(repo, scope), flags, scope);
  });
  // What is mirrored to tells in its own deliveries how its CI fared; one secret for both is what one flag can say.
  const destination = flags.mirrorTo === undefined ? undefined : scope.address(flags.mirrorTo);
  const listens = destination?.kind === 'forge' && !chosen.some(({ repo }) => repo === flags.mirrorTo);
  if (!listens || flags.mirrorTo === undefined) return chosen;
  return [...chosen, withFlags(blank(flags.mirrorTo, scope), { secretEnv: flags.secretEnv ?? [] }, scope)];
}

function blank(repo: string, { address }: FlagScope): RepositoryConfig {
  return {
    repo,
    address: address(repo),
    name: undefined,
    webhook: undefined,
    mirror: undefined,
    run: [],
    trust: ['internal'],
    guard: [],
    runMirrored: false,
    statuses: true,
    poll: undefined,
  };
}

function withFlags(entry: RepositoryConfig, flags: ServeFlags, scope: FlagScope): RepositoryConfig {
  const secrets = flags.secretEnv?.map((env): SecretSource => ({ env })) ?? [];
  const trust = flags.trust ?? entry.trust;
  const guard = flags.guard ?? entry.guard;
  const trusting = {
    ...(flags.trust === undefined ? {} : { trust }),
    ...(flags.guard === undefined ? {} : { guard }),
  };
  const mirror =
    flags.mirrorTo === undefined
      ? withTrust(entry.mirror, trusting)
      : mirrorOf({ ...entry, trust, guard }, flags, scope);
  return {
    ...entry,
    trust,
    guard,
    mirror,
    statuses: flags.statuses ?? entry.statuses,
    webhook: secrets.length === 0 ? entry.webhook : { secrets },
  };
}

/** Flags also win over what `mirror.changes` says of its own. */
function withTrust(
  mirror: RepositoryConfig['mirror'],
  trusting: { readonly trust?: readonly string[]; readonly guard?: readonly string[] },
): RepositoryConfig['mirror'] {
  if (mirror?.changes === undefined) return mirror;
  return { ...mirror, changes: { ...mirror.changes, ...trusting } };
}

function mirrorOf(
  { mirror, trust, guard }: RepositoryConfig,
  { mirrorTo = '', branch }: ServeFlags,
  { address }: FlagScope,
): RepositoryConfig['mirror'] {
  return {
    changes: { as: 'pr/{number}', trust, guard, includeInternal: false },
    branches: [],
    tags: [],
    exclude: [],
    refs: [],
    as: '{name}',
    update: undefined,
    prune: false,
    atomic: false,
    create: false,
    verify: true,
    ...mirror,
    ...(branch === undefined ? {} : { branches: branch }),
    to: address(mirrorTo),
  };
}
