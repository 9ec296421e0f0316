import type { Config, RepositoryConfig } from '../config/config.ts';
import { resolveSecret } from '../config/secrets.ts';
import { SluiceError } from '../errors.ts';
import type { Forge } from '../forges/forge.ts';
import { parseTemplate, templateNamespace } from '../mirror/template.ts';
import { displayAddress } from '../model/repo.ts';
import type { CommandContext } from '../plugins/command.ts';
import type { Secret } from '../secret.ts';
import { fillRepo, matchRepo, type RepoName } from '../serve/repo-pattern.ts';
import type { RepositoryRules } from '../serve/rules.ts';
import { rulesOf } from './serve-rules.ts';
import type { WebhookBook } from './serve-webhooks.ts';
import type { TrustRules } from './trust-facts.ts';
import { requireTrustRoles } from './trust-roles.ts';
import { trustRules } from './trust-rules.ts';

/** One entry of `repositories:` that is served, with everything of it that does not change while the server runs. */
export interface ServedRepository {
  readonly entry: RepositoryConfig;
  /** Its name may be a pattern. */
  readonly repo: RepoName;
  readonly forge: Forge;
  readonly rules: RepositoryRules;
  /** `/hooks/NAME`. */
  readonly source: string;
  readonly secrets: readonly Secret[];
  readonly trust: { readonly mirror: TrustRules; readonly run: TrustRules };
}

/** The served entries. Whatever can be known to be impossible is refused here, before a delivery is used up for it. */
export async function servedRepositories(
  context: CommandContext,
  config: Config,
  book: WebhookBook,
): Promise<readonly ServedRepository[]> {
  const entries = config.repositories.filter(
    ({ webhook, mirror, run, poll }) => webhook !== undefined || mirror !== undefined || run.length > 0 || !poll,
  );
  if (entries.length === 0) {
    throw new SluiceError('usage', 'there is no repository to serve', {
      hint: 'Name one (sluice serve --repo github:acme/app --secret-env HOOK_SECRET --hooks-dir ./hooks), or give repositories a webhook: section in sluice.yaml.',
    });
  }
  const served = await Promise.all(entries.map((entry) => serveOne(context, config, entry, book)));
  const bySource = new Map<string, ServedRepository>();
  for (const one of served) {
    const other = bySource.get(one.source);
    if (other !== undefined) {
      throw new SluiceError('config', `${one.entry.repo} and ${other.entry.repo} would both be /hooks/${one.source}`, {
        hint: 'Give one of them a name: in sluice.yaml.',
      });
    }
    bySource.set(one.source, one);
  }
  return served;
}

async function serveOne(
  context: CommandContext,
  config: Config,
  configured: RepositoryConfig,
  book: WebhookBook,
): Promise<ServedRepository> {
  const entry = withOwnDirectory(configured);
  const { address } = entry;
  if (address.kind !== 'forge') {
    throw new SluiceError('config', `${entry.repo} cannot be served: only a forge sends webhooks`, {
      hint: 'Write it as alias:owner/name of a configured forge.',
    });
  }
  const forge = await context.forge(address.alias);
  if (forge.webhooks === undefined) {
    throw new SluiceError('config', `${entry.repo} cannot be served: sluice knows no webhooks of ${forge.type}`);
  }
  const repo = { alias: address.alias, path: address.path };
  const source = entry.name ?? sourceName(entry.repo);
  const trust = { mirror: trustRules(entry.mirror?.changes ?? entry), run: trustRules(entry) };
  if (entry.mirror?.changes !== undefined) requireTrustRoles(forge, trust.mirror);
  requireTrustRoles(forge, trust.run);
  return {
    entry,
    repo,
    forge,
    rules: rulesOf(entry, repo, forge),
    source,
    secrets: await secretsOf(context, config, entry, { book, source }),
    trust,
  };
}

async function secretsOf(
  context: CommandContext,
  config: Config,
  { webhook, repo }: RepositoryConfig,
  { book, source }: { readonly book: WebhookBook; readonly source: string },
): Promise<readonly Secret[]> {
  const scope = {
    env: context.env,
    cwd: config.baseDir,
    signal: context.signal,
    warn: (text: string) => context.log.warn(text),
  };
  const configured = await Promise.all((webhook?.secrets ?? []).map((secret) => resolveSecret(secret, scope)));
  // One that --register has made stays good when another is configured: the forge may still use it.
  const made = book.secretOf(source);
  const secrets = made === undefined ? configured : [...configured, made];
  if (secrets.length > 0 || config.serve.insecureNoSecret) return secrets;
  if (config.serve.register) return [await book.makeSecret(source)];
  throw new SluiceError('config', `${repo} has no webhook secret: anybody could send it deliveries`, {
    hint: 'Give it one (webhook: { secrets: [{ env: HOOK_SECRET }] }, or --secret-env HOOK_SECRET), or let --register make one; --insecure-no-secret serves it without.',
  });
}

/**
 * What `changes.as` makes is not for branches of that name as well: both would be written over and deleted by turns. Its directory is
 * left out of what `branches` and `tags` select.
 */
function withOwnDirectory(entry: RepositoryConfig): RepositoryConfig {
  const { mirror } = entry;
  if (mirror?.changes === undefined) return entry;
  const directory = templateNamespace(parseTemplate(mirror.changes.as));
  const before = mirror.as.slice(0, mirror.as.indexOf('{name}'));
  if (!directory?.startsWith(before)) return entry;
  return { ...entry, mirror: { ...mirror, exclude: [...mirror.exclude, `${directory.slice(before.length)}**`] } };
}

/** `gh:acme/app` → `gh-acme-app`, `gh:acme/*` → `gh-acme`. */
function sourceName(repo: string): string {
  return repo.replace(/[^A-Za-z0-9._-]+/g, '-').replace(/^[-.]+|-+$/g, '');
}

/** The entry that a concrete repository belongs to: its own before a pattern. */
export function servedAs(served: readonly ServedRepository[], { alias, path }: RepoName): ServedRepository {
  const matching = served.filter(({ repo }) => repo.alias === alias && matchRepo(repo.path, path) !== undefined);
  const found = matching.find(({ repo }) => !repo.path.includes('*')) ?? matching[0];
  if (found !== undefined) return found;
  throw new SluiceError('config', `${alias}:${path} is not configured any more`);
}

/** Where a concrete repository is mirrored to, as a repository argument; undefined: into itself. */
export function destinationOf({ entry, repo }: ServedRepository, { path }: RepoName): string | undefined {
  const to = entry.mirror?.to;
  if (to === undefined) return undefined;
  if (to.kind !== 'forge') return displayAddress(to);
  return `${to.alias}:${fillRepo(to.path, matchRepo(repo.path, path) ?? [])}`;
}
