import type { GateConfig } from '../config/config.ts';
import { SluiceError } from '../errors.ts';
import { didYouMean } from '../model/nearest.ts';
import { type BranchGlob, branchGlobs } from './globs.ts';
import type { AppliedRule, GatePolicy, Lookup, RequiredCheck } from './policy.ts';
import { unknownPlaceholder } from './queries.ts';

/** The flags of `sluice gate` as the command line gives them. Durations are milliseconds. */
export interface GateFlags {
  readonly repo?: readonly string[];
  readonly forks?: 'all' | 'any';
  readonly branch?: string;
  readonly sha?: string;
  readonly lookup?: readonly string[];
  readonly map?: readonly string[];
  readonly base?: readonly string[];
  readonly minApprovals?: number;
  readonly requiredCheck?: readonly string[];
  readonly requiredApp?: readonly string[];
  readonly requireTeam?: readonly string[];
  readonly requireCodeOwners?: boolean;
  readonly upToDate?: boolean;
  readonly passing?: readonly ('neutral' | 'skipped')[];
  readonly allowBot?: readonly string[];
  readonly allowStaleApprovals?: boolean;
  readonly allowSelfApproval?: boolean;
  readonly allowDraft?: boolean;
  readonly allowAncestor?: boolean;
  readonly ifNoPr?: 'block' | 'allow';
  readonly ifAppMissing?: 'block' | 'warn';
  readonly deletions?: 'block' | 'allow';
  readonly tags?: 'block' | 'allow';
  readonly wait?: number;
  readonly timeout?: number;
  readonly cacheTtl?: number;
  readonly setStatus?: boolean;
  readonly override?: string;
  readonly explain?: boolean;
  readonly prePush?: boolean;
  readonly preReceive?: boolean;
}

const renamed = {
  base: 'bases',
  requiredCheck: 'requiredChecks',
  requiredApp: 'requiredApps',
  requireTeam: 'requiredTeams',
  allowBot: 'allowBots',
  wait: 'waitMs',
  timeout: 'timeoutMs',
  cacheTtl: 'cacheTtlMs',
} as const;

const direct = [
  'forks',
  'lookup',
  'minApprovals',
  'passing',
  'requireCodeOwners',
  'upToDate',
  'allowStaleApprovals',
  'allowSelfApproval',
  'allowDraft',
  'allowAncestor',
  'ifNoPr',
  'ifAppMissing',
  'deletions',
  'tags',
  'setStatus',
] as const;

/** What is in force: flags over the configuration (pure). A flag that is given several times replaces the whole list. */
export function gateSettings(flags: GateFlags, config: GateConfig): GateConfig {
  const chosen: Record<string, unknown> = { ...config };
  for (const name of direct) if (flags[name] !== undefined) chosen[name] = flags[name];
  for (const [flag, key] of Object.entries(renamed)) {
    const value = flags[flag as keyof typeof renamed];
    if (value !== undefined) chosen[key] = value;
  }
  return chosen as unknown as GateConfig;
}

function parseMapping(text: string): readonly [string, string] {
  const at = text.indexOf('=');
  if (at > 0 && at < text.length - 1) return [text.slice(0, at), text.slice(at + 1)];
  throw new SluiceError('usage', `--map ${JSON.stringify(text)} is not GLOB=TEMPLATE`, {
    hint: "For example --map 'main=outbound/{date}'.",
  });
}

/** The policy of the settings. What cannot be meant is SluiceError `usage` where a flag may have said it, else `config`. */
export async function policyOf(
  settings: GateConfig,
  rules: readonly AppliedRule[],
  flags: GateFlags,
): Promise<GatePolicy> {
  const { minApprovals, requiredApps, requiredChecks, requiredTeams, requireCodeOwners } = settings;
  const { lookup, map, base, timeout, minApprovals: count, requireCodeOwners: owners, upToDate } = flags;
  const said = [lookup, map, base, timeout, count, owners, upToDate].some((value) => value !== undefined);
  // As a list: an object would put names that are numbers first, and keep one of two with one glob.
  const mapping = map?.map(parseMapping) ?? Object.entries(settings.map);
  try {
    if (settings.lookup.length === 0) throw new Refusal('lookup is empty: nothing would ever be found');
    if (settings.timeoutMs === 0) throw new Refusal('a timeout of 0 would never learn anything');
    const asksElse = requireCodeOwners || ![requiredChecks, requiredApps, requiredTeams, rules].every(isEmpty);
    if (minApprovals === 0 && !asksElse) {
      throw new Refusal('minApprovals 0 without a required check, app, team, code owner or rule would ask for nothing');
    }
    refuseAnyBase(settings);
    return await toPolicy(settings, rules, mapping);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    throw new SluiceError(said ? 'usage' : 'config', `gate: ${error.message}`, {
      hint: 'See sluice gate --help and docs/gate.md.',
    });
  }
}

class Refusal extends Error {}

/** Whoever may push can make a branch with whatever in it, and a change request into that: rules about the base must know which. */
function refuseAnyBase({ bases, requireCodeOwners, upToDate }: GateConfig): void {
  if (bases.length > 0) return;
  if (requireCodeOwners) {
    throw new Refusal(
      'code owners need the base branches whose CODEOWNERS counts (--base, gate.bases): else whoever opens a change request chooses it',
    );
  }
  if (upToDate) {
    throw new Refusal(
      'upToDate needs the base branches that count (--base, gate.bases): else whoever opens a change request chooses what is in them',
    );
  }
}

async function toPolicy(
  settings: GateConfig,
  rules: readonly AppliedRule[],
  mapping: readonly (readonly [string, string])[],
): Promise<GatePolicy> {
  const templates = mapping.map(([, template]) => checkedTemplate(template));
  const mapped = await readGlobs(mapping.map(([glob]) => glob));
  return {
    ...settings,
    lookup: settings.lookup.map(parseLookup),
    map: mapped.map((glob, at) => ({ ...glob, template: templates[at] ?? '' })),
    bases: await readGlobs(settings.bases),
    requiredChecks: settings.requiredChecks.map((text) => parseCheck(text, settings.requiredApps)),
    rules,
  };
}

async function readGlobs(globs: readonly string[]): Promise<readonly BranchGlob[]> {
  try {
    return await branchGlobs(globs);
  } catch (error) {
    throw new Refusal(`a glob cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function isEmpty(list: readonly unknown[]): boolean {
  return list.length === 0;
}

function parseLookup(text: string): Lookup {
  if (text === 'branch') return { kind: 'branch' };
  if (text === 'sha') return { kind: 'commit' };
  if (text.startsWith('label:') && text.length > 'label:'.length) {
    return { kind: 'label', template: checkedTemplate(text.slice('label:'.length)) };
  }
  throw new Refusal(`the lookup ${JSON.stringify(text)} is not branch, sha or label:TEMPLATE`);
}

function checkedTemplate(template: string): string {
  const unknown = unknownPlaceholder(template);
  if (unknown === undefined) return template;
  const near = didYouMean(unknown, ['branch', 'sha', 'date']);
  throw new Refusal(`{${unknown}} in ${JSON.stringify(template)} is not {branch}, {sha} or {date}${near}`);
}

/** `NAME`: from a required app where there are any, else from anybody. `NAME@APP`: from that app. `NAME@*`: from anybody. */
function parseCheck(text: string, requiredApps: readonly string[]): RequiredCheck {
  const at = text.lastIndexOf('@');
  const app = text.slice(at + 1);
  if (at <= 0 || !/^(?:\*|[a-z0-9][a-z0-9._-]*)$/i.test(app)) {
    return { name: text, apps: requiredApps.length === 0 ? undefined : requiredApps };
  }
  return { name: text.slice(0, at), apps: app === '*' ? undefined : [app] };
}
