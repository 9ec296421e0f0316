import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { SluiceError } from '../errors.ts';
import { applyHookPlan, type HookPlan, planInstall, planUninstall } from '../gate/install.ts';
import type { HookKind } from '../gate/stdin.ts';
import { gitEnvironment } from '../git/environment.ts';
import { runGit } from '../git/run.ts';
import { localPath } from '../model/repo.ts';
import type { CommandContext } from '../plugins/command.ts';

export interface HookPlace {
  /** As written; undefined: where the command runs. */
  readonly dir: string | undefined;
  /** Undefined: pre-receive in a bare repository, pre-push in any other. */
  readonly kind: HookKind | undefined;
}

export interface HookWish extends HookPlace {
  readonly chain: boolean;
  /** Names of remotes whose pushes are not judged. */
  readonly except: readonly string[];
}

/** Writes the hook that calls this very sluice, or with --dry-run only says what would be written. */
export async function installHook(context: CommandContext, wish: HookWish): Promise<HookPlan> {
  const { kind, hooksDir } = await findHooks(context, wish);
  if (wish.except.length > 0 && kind === 'pre-receive') {
    throw new SluiceError('usage', '--except is for pre-push: a server does not know the name of its remote');
  }
  const settings = {
    kind,
    node: process.execPath,
    // A link (of npm, of a package manager) is kept as it is: it outlives an update.
    sluice: resolve(process.argv[1] ?? 'sluice'),
    config: await configPath(context),
    except: wish.except,
  };
  const plan = await planInstall({ hooksDir, settings, chain: wish.chain });
  if (context.dryRun !== true) await applyHookPlan(plan);
  return plan;
}

/** Removes the hook, and puts back the one that was there before. */
export async function uninstallHook(context: CommandContext, place: HookPlace): Promise<HookPlan> {
  const { kind, hooksDir } = await findHooks(context, place);
  const plan = await planUninstall(hooksDir, kind);
  if (context.dryRun !== true) await applyHookPlan(plan);
  return plan;
}

interface FoundHooks {
  readonly kind: HookKind;
  /** Absolute. */
  readonly hooksDir: string;
}

async function findHooks(context: CommandContext, { dir = '.', kind }: HookPlace): Promise<FoundHooks> {
  const cwd = resolve(context.cwd, dir);
  if (statSync(cwd, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw new SluiceError('usage', `${cwd} is not a directory`, { hint: 'Name a clone or a bare repository.' });
  }
  const bare = await ask(context, cwd, ['rev-parse', '--is-bare-repository']);
  if (bare === undefined) {
    throw new SluiceError('usage', `${cwd} is in no git repository that this user may use`, {
      hint: 'Name a clone or a bare repository; git status in it says more.',
    });
  }
  // Follows core.hooksPath, and from a worktree leads to the repository that it belongs to.
  const hooksDir = await ask(context, cwd, ['rev-parse', '--path-format=absolute', '--git-path', 'hooks']);
  if (hooksDir === undefined) throw new SluiceError('config', `git does not tell where the hooks of ${cwd} are`);
  const scope = await ask(context, cwd, ['config', '--show-scope', '--get', 'core.hooksPath']);
  if (/^(global|system)\s/.test(scope ?? '')) {
    context.log.warn(`core.hooksPath is set for all repositories: the hook in ${hooksDir} guards every one of them`);
  }
  return { kind: kind ?? (bare === 'true' ? 'pre-receive' : 'pre-push'), hooksDir };
}

/** Undefined when git says no. A path may hold line breaks, so each call asks for one answer. */
async function ask(context: CommandContext, cwd: string, args: readonly string[]): Promise<string | undefined> {
  const { status, stdout } = await runGit({
    args,
    cwd,
    env: gitEnvironment(context.env),
    signal: context.signal,
    purpose: `look for the hooks of ${cwd}`,
  });
  return status === 0 ? stdout.toString('utf8').replace(/\n$/, '') : undefined;
}

/** Read once before it is relied on: a hook with a configuration that is wrong refuses every push. */
async function configPath(context: CommandContext): Promise<string | undefined> {
  const { configFile, cwd, log } = context;
  if (configFile === undefined) return undefined;
  const { gate } = await context.config();
  if (gate.repos.length === 0) log.warn('the configuration names no gate.repos: the hook will refuse every push');
  return localPath(configFile, { cwd });
}
