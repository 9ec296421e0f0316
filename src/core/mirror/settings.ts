import type { MirrorDefaults } from '../config/config.ts';
import { SluiceError } from '../errors.ts';
import type { UpdatePolicy } from './plan.ts';
import type { Refspec, Selection } from './select.ts';
import { parseTemplate, type Template } from './template.ts';

/** The flags of `sluice mirror` as the command line gives them. */
export interface MirrorFlags {
  readonly pr?: readonly number[];
  readonly prs?: boolean;
  readonly includeInternal?: boolean;
  readonly branch?: readonly string[];
  readonly tag?: readonly string[];
  readonly exclude?: readonly string[];
  readonly ref?: readonly Refspec[];
  readonly as?: string;
  readonly prune?: boolean;
  readonly update?: 'ff' | 'force';
  readonly atomic?: boolean;
  readonly batch?: number;
  readonly create?: boolean;
  readonly verify?: boolean;
  readonly dryRun?: boolean;
  readonly cache?: 'auto' | 'always' | 'never';
  readonly cacheDir?: string;
  readonly retries?: number;
  /** Milliseconds. */
  readonly timeout?: number;
}

/** What a run shall do, once flags, configuration and defaults are one. */
export interface MirrorSettings {
  readonly selection: Selection;
  readonly includeInternal: boolean;
  readonly template: Template | undefined;
  readonly update: UpdatePolicy;
  readonly prune: boolean;
  readonly atomic: boolean;
  readonly batch: number;
  readonly create: boolean;
  readonly verify: boolean;
  readonly dryRun: boolean;
  readonly cache: 'auto' | 'always' | 'never';
  readonly cacheDir: string | undefined;
  readonly retries: number;
  readonly timeoutMs: number | undefined;
}

const defaultRetries = 3;
// A longer argument list than this comes near the kernel's limit when the names are long (execve(2), E2BIG).
const largestBatch = 2000;

/** Flags over the configuration's `mirror:` section; contradictions are usage errors. */
export function mirrorSettings(flags: MirrorFlags, defaults: MirrorDefaults): MirrorSettings {
  // Flags that were not given are absent, so they leave the defaults alone.
  const chosen = { ...defaults, ...flags };
  if (flags.includeInternal && !flags.prs) {
    throw new SluiceError('usage', '--include-internal says which change requests --prs selects', {
      hint: 'Add --prs.',
    });
  }
  if (flags.timeout === 0) throw new SluiceError('usage', '--timeout 0: leave the flag out for no limit');
  if (chosen.batch < 1 || chosen.batch > largestBatch) {
    throw new SluiceError('usage', `--batch ${chosen.batch}: must be between 1 and ${largestBatch}`);
  }
  return {
    selection: selectionOf(flags, chosen.exclude),
    includeInternal: chosen.includeInternal,
    template: chosen.as === undefined ? undefined : parseTemplate(chosen.as),
    update: chosen.update,
    prune: chosen.prune,
    atomic: chosen.atomic,
    batch: chosen.batch,
    create: chosen.create,
    // commander says `true` when --no-verify is absent.
    verify: flags.verify !== false && defaults.verify,
    dryRun: flags.dryRun === true,
    cache: chosen.cache,
    cacheDir: chosen.cacheDir,
    retries: flags.retries ?? defaultRetries,
    timeoutMs: flags.timeout ?? defaults.timeoutMs,
  };
}

function selectionOf(flags: MirrorFlags, exclude: readonly string[]): Selection {
  return {
    numbers: [...new Set(flags.pr ?? [])],
    allChanges: flags.prs === true,
    branches: flags.branch ?? [],
    tags: flags.tag ?? [],
    exclude,
    refspecs: flags.ref ?? [],
  };
}
