import type { Oid, RefName } from '../model/ref.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** What a script is told about its run, as `SLUICE_*` variables; what is undefined is not set. */
export interface RunFacts {
  /** Number or id of the run in the local history. */
  readonly run: string;
  /** `push`, `change`, `tag`, …: what happened. */
  readonly event: string;
  /** As the configuration writes it: `gh:acme/app`, a URL, a path. */
  readonly repo: string;
  readonly owner?: string | undefined;
  readonly name?: string | undefined;
  readonly ref?: RefName | undefined;
  /** Default: from `ref`, when it is a branch. For a change request: the head's branch. */
  readonly branch?: string | undefined;
  readonly sha?: Oid | undefined;
  /** What the ref pointed to before; not set for a new one. */
  readonly oldSha?: Oid | undefined;
  /** Number of the change request. */
  readonly change?: number | undefined;
  readonly baseRepo?: string | undefined;
  readonly baseBranch?: string | undefined;
  /** File with the delivery's body. */
  readonly payload?: string | undefined;
  readonly delivery?: string | undefined;
  readonly runUrl?: string | undefined;
}

export interface EnvironmentRequest {
  readonly facts: RunFacts;
  readonly workspace: { readonly dir: string; readonly home: string; readonly tmp: string };
  /** Further variables that the operator lets through by name (`env:` of a run). HOME among them: the operator's own. */
  readonly pass?: readonly string[];
  /** Variables that hold sluice's own secrets: never let through, not even by name. */
  readonly withheld?: readonly string[];
}

/** Needed by nearly every program and free of secrets. */
const usual = /^(?:PATH|LANG|LANGUAGE|LC_[A-Z]+|TZ|TERM|USER|LOGNAME|SHELL)$/;

/**
 * The whole environment of a script (pure): a short list of usual variables, those that the operator names, and sluice's. HOME is a
 * new empty directory, so that no script finds `~/.git-credentials` or `~/.npmrc` by accident and runs do not depend on each other;
 * who wants the caches or keys below the real one lists HOME in `pass`.
 */
export function scriptEnvironment(base: Environment, request: EnvironmentRequest): Record<string, string> {
  const { facts, workspace, pass = [], withheld = [] } = request;
  const env: Record<string, string> = { HOME: workspace.home };
  for (const [name, value] of Object.entries(base)) {
    if (value === undefined || (!usual.test(name) && !pass.includes(name))) continue;
    // `SLUICE_*` configures sluice itself, some of it with passwords (SLUICE_DATABASE).
    if (!withheld.includes(name) && !name.startsWith('SLUICE_')) env[name] = value;
  }
  env.TMPDIR = workspace.tmp;
  env.CI = 'true';
  // There is nobody to ask.
  env.GIT_TERMINAL_PROMPT = '0';
  // Without it, git in a checkout whose .git the script removed would work on a repository further up.
  env.GIT_CEILING_DIRECTORIES = workspace.dir;
  return { ...env, ...factVariables(facts) };
}

function factVariables(facts: RunFacts): Record<string, string> {
  const all: Record<string, string | number | undefined> = {
    SLUICE_EVENT: facts.event,
    SLUICE_REPO: facts.repo,
    SLUICE_OWNER: facts.owner,
    SLUICE_NAME: facts.name,
    SLUICE_REF: facts.ref,
    SLUICE_BRANCH: facts.branch ?? nameBelow('refs/heads/', facts.ref),
    SLUICE_TAG: nameBelow('refs/tags/', facts.ref),
    SLUICE_SHA: facts.sha,
    SLUICE_OLD_SHA: facts.oldSha,
    SLUICE_CHANGE: facts.change,
    SLUICE_BASE_REPO: facts.baseRepo,
    SLUICE_BASE_BRANCH: facts.baseBranch,
    SLUICE_PAYLOAD: facts.payload,
    SLUICE_DELIVERY: facts.delivery,
    SLUICE_RUN: facts.run,
    SLUICE_RUN_URL: facts.runUrl,
  };
  return Object.fromEntries(
    Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]])),
  );
}

function nameBelow(prefix: string, ref: RefName | undefined): string | undefined {
  return ref?.startsWith(prefix) ? ref.slice(prefix.length) : undefined;
}
