import type {
  MirrorChanges,
  MirrorDefaults,
  PollConfig,
  RepositoryConfig,
  RepositoryMirror,
  RunConfig,
} from './config.ts';
import { type Convert, written as defined } from './convert.ts';
import { pollDefaults } from './defaults.ts';
import type { KeyPath } from './problem.ts';
import type { WrittenConfig } from './schema/index.ts';

type WrittenRepository = NonNullable<WrittenConfig['repositories']>[number];
type WrittenMirror = NonNullable<WrittenRepository['mirror']>;
type WrittenRuns = NonNullable<WrittenRepository['run']>;
type WrittenPoll = NonNullable<WrittenRepository['poll']>;

/** `defaults` are the top-level `mirror:` settings, which a repository's own override. */
export function normaliseRepository(
  written: WrittenRepository,
  keys: KeyPath,
  defaults: MirrorDefaults,
  convert: Convert,
): RepositoryConfig {
  const trust = written.trust ?? ['internal'];
  const guard = written.guard ?? [];
  return {
    repo: written.repo,
    address: convert.address(written.repo, [...keys, 'repo'], true),
    name: written.name,
    webhook: written.webhook,
    mirror:
      written.mirror && normaliseMirror({ trust, guard, ...written.mirror }, [...keys, 'mirror'], defaults, convert),
    run: normaliseRuns(written.run ?? [], [...keys, 'run'], convert),
    // Change requests of strangers are trusted only when the operator says so.
    trust,
    guard,
    runMirrored: written.runMirrored ?? false,
    statuses: written.statuses ?? true,
    poll: written.poll && normalisePoll(written.poll, [...keys, 'poll'], convert),
  };
}

/** Whom a repository trusts, where its `mirror.changes` does not say anything else. */
interface Trusting {
  readonly trust: readonly string[];
  readonly guard: readonly string[];
}

function normaliseMirror(
  written: WrittenMirror & Trusting,
  keys: KeyPath,
  defaults: MirrorDefaults,
  convert: Convert,
): RepositoryMirror {
  return {
    to: written.to === undefined ? undefined : convert.address(written.to, [...keys, 'to'], true),
    changes: normaliseChanges(written.changes, written, defaults),
    branches: written.branches ?? [],
    tags: written.tags ?? [],
    exclude: written.exclude ?? defaults.exclude,
    refs: written.refs ?? [],
    as: written.as ?? '{name}',
    update: written.update ?? defaults.update,
    prune: written.prune ?? defaults.prune,
    atomic: written.atomic ?? defaults.atomic,
    create: written.create ?? defaults.create,
    verify: written.verify ?? defaults.verify,
  };
}

function normaliseChanges(
  written: WrittenMirror['changes'],
  { trust, guard }: Trusting,
  defaults: MirrorDefaults,
): MirrorChanges | undefined {
  if (written === undefined || written === false) return undefined;
  const section = written === true ? {} : written;
  return {
    as: section.as ?? 'pr/{number}',
    trust: section.trust ?? trust,
    guard: section.guard ?? guard,
    includeInternal: section.includeInternal ?? defaults.includeInternal,
  };
}

function normaliseRuns(written: WrittenRuns, keys: KeyPath, convert: Convert): readonly RunConfig[] {
  const runs = isCommand(written) ? [{ name: 'run', command: written, checkout: true }] : written;
  return runs.map((run: Exclude<WrittenRuns[number], string>, at) => ({
    name: run.name,
    on: run.on ?? ['push', 'change'],
    branches: run.branches ?? ['**'],
    command: run.command,
    checkout: run.checkout ?? false,
    timeoutMs: run.timeout === undefined ? undefined : convert.duration(run.timeout, [...keys, at, 'timeout']),
    isolation: run.isolation ?? 'none',
    image: run.image,
    network: run.network ?? false,
    env: run.env ?? [],
  }));
}

function isCommand(written: WrittenRuns): written is string[] {
  return typeof written[0] === 'string';
}

function normalisePoll(written: WrittenPoll, keys: KeyPath, convert: Convert): PollConfig {
  const { interval, runTimeout, stateDir, prs, ...same } = written;
  return {
    ...pollDefaults,
    ...defined(same),
    ...(interval === undefined ? {} : { intervalMs: convert.duration(interval, [...keys, 'interval']) }),
    ...(runTimeout === undefined ? {} : { runTimeoutMs: convert.duration(runTimeout, [...keys, 'runTimeout']) }),
    ...(stateDir === undefined ? {} : { stateDir: convert.path(stateDir) }),
    ...(prs === undefined ? {} : { changes: prs }),
  };
}
