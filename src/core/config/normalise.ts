import type { Config, ForgeConfig, GateConfig, MirrorDefaults, ServeConfig } from './config.ts';
import { type Convert, type ConvertScope, converter, written } from './convert.ts';
import { defaultConfig, gateDefaults, mirrorDefaults, serveDefaults } from './defaults.ts';
import { normaliseRepository } from './normalise-repository.ts';
import { predefinedAliases } from './predefined.ts';
import type { Finding } from './problem.ts';
import type { WrittenConfig } from './schema/index.ts';

/** A schema-checked configuration in its normal form, with the findings that only conversion can make. */
export function normalise(
  source: WrittenConfig,
  scope: ConvertScope,
): { readonly config: Config; readonly findings: readonly Finding[] } {
  const findings: Finding[] = [];
  const aliases = [...new Set([...Object.keys(source.forges ?? {}), ...predefinedAliases])];
  const convert = converter(scope, aliases, findings);
  const base = defaultConfig(scope.baseDir);
  const mirror = normaliseMirror(source.mirror ?? {}, convert);
  const config: Config = {
    forges: normaliseForges(source.forges ?? {}, convert),
    repositories: (source.repositories ?? []).map((repository, at) =>
      normaliseRepository(repository, ['repositories', at], mirror, convert),
    ),
    mirror,
    gate: normaliseGate(source.gate ?? {}, convert),
    serve: normaliseServe(source.serve ?? {}, convert),
    plugins: (source.plugins ?? []).map((name) => (/^(?:\.{0,2}\/|~\/)/.test(name) ? convert.path(name) : name)),
    log: { level: source.log?.level ?? base.log.level, format: source.log?.format },
    baseDir: scope.baseDir,
  };
  return { config, findings };
}

type Section<K extends keyof WrittenConfig> = NonNullable<WrittenConfig[K]>;

function normaliseForges(forges: Section<'forges'>, convert: Convert): Readonly<Record<string, ForgeConfig>> {
  return Object.fromEntries(
    Object.entries(forges).map(([alias, forge]) => [
      alias,
      {
        type: forge.type,
        url: forge.url === undefined ? undefined : convert.url(forge.url, ['forges', alias, 'url']),
        api: forge.api === undefined ? undefined : convert.url(forge.api, ['forges', alias, 'api']),
        token: forge.token,
        username: forge.username,
        app: forge.app && {
          id: String(forge.app.id),
          privateKey: forge.app.privateKey,
          installation: forge.app.installation,
        },
      },
    ]),
  );
}

function normaliseMirror({ cacheDir, timeout, ...rest }: Section<'mirror'>, convert: Convert): MirrorDefaults {
  return {
    ...mirrorDefaults,
    ...written(rest),
    cacheDir: cacheDir === undefined ? undefined : convert.path(cacheDir),
    timeoutMs: timeout === undefined ? undefined : convert.duration(timeout, ['mirror', 'timeout']),
  };
}

function normaliseGate(section: Section<'gate'>, convert: Convert): GateConfig {
  const { repos, wait, cacheTtl, timeout, override, ...rest } = section;
  const duration = (value: string | number | undefined, key: string, otherwise: number): number =>
    value === undefined ? otherwise : convert.duration(value, ['gate', key]);
  return {
    ...gateDefaults,
    ...written(rest),
    repos: (repos ?? []).map((repo, at) => convert.address(repo, ['gate', 'repos', at])),
    waitMs: duration(wait, 'wait', gateDefaults.waitMs),
    cacheTtlMs: duration(cacheTtl, 'cacheTtl', gateDefaults.cacheTtlMs),
    timeoutMs: duration(timeout, 'timeout', gateDefaults.timeoutMs),
    override: override && { auditFile: convert.path(override.audit) },
  };
}

function normaliseServe(section: Section<'serve'>, convert: Convert): ServeConfig {
  const { baseUrl, hooksDir, hooks, dataDir, tlsCert, tlsKey, reconcile, keep, bodyLimit, concurrency, auth, ...rest } =
    section;
  const { timeout, ...hooksRest } = hooks ?? {};
  const pathOf = (value: string | undefined): string | undefined =>
    value === undefined ? undefined : convert.path(value);
  return {
    ...serveDefaults,
    ...written(rest),
    baseUrl: baseUrl === undefined ? undefined : convert.url(baseUrl, ['serve', 'baseUrl']),
    hooksDir: pathOf(hooksDir),
    hooks: {
      ...serveDefaults.hooks,
      ...written(hooksRest),
      ...(timeout === undefined ? {} : { timeoutMs: convert.duration(timeout, ['serve', 'hooks', 'timeout']) }),
    },
    dataDir: pathOf(dataDir),
    tlsCert: pathOf(tlsCert),
    tlsKey: pathOf(tlsKey),
    reconcileMs:
      reconcile === undefined ? serveDefaults.reconcileMs : convert.duration(reconcile, ['serve', 'reconcile']),
    keepMs: keep === undefined ? serveDefaults.keepMs : convert.duration(keep, ['serve', 'keep']),
    bodyLimitBytes: bodyLimit ?? serveDefaults.bodyLimitBytes,
    concurrency: { ...serveDefaults.concurrency, ...written(concurrency ?? {}) },
    auth: { ...serveDefaults.auth, ...written(auth ?? {}) },
  };
}
