import { randomUUID } from 'node:crypto';
import { chmod, copyFile, lstat, open, readFile, readlink, rename, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { SluiceError } from '../errors.ts';
import { makeDirectory } from '../make-directory.ts';
import { chainedName, type HookSettings, hookScript, isOurHook } from './hook-script.ts';
import type { HookKind } from './stdin.ts';

export interface InstallRequest {
  /** Where git looks for hooks; absolute. Made when it is missing. */
  readonly hooksDir: string;
  readonly settings: Omit<HookSettings, 'chained'>;
  /** A foreign hook goes on running before the gate instead of standing in the way. */
  readonly chain: boolean;
}

export interface HookPlan {
  readonly kind: HookKind;
  readonly path: string;
  readonly action: 'create' | 'update' | 'unchanged' | 'remove' | 'restore' | 'none';
  /** Where the hook that was there before is (or was) kept; undefined: there is none. */
  readonly before: string | undefined;
  /** What the file shall hold; undefined for a removal. */
  readonly script: string | undefined;
  /** A foreign hook has to be put aside first. */
  readonly chains: boolean;
}

/** What installing would do; nothing is written. Throws SluiceError `usage` when a hook of somebody else is in the way. */
export async function planInstall({ hooksDir, settings, chain }: InstallRequest): Promise<HookPlan> {
  const { kind } = settings;
  const { path, beforePath, found, before } = await look(hooksDir, kind);
  if (found === 'foreign' && !chain) {
    throw new SluiceError('usage', `there is a ${kind} hook already, which sluice did not write: ${path}`, {
      hint: 'With --chain it goes on running, before the gate; its refusal counts.',
    });
  }
  if (found === 'foreign' && before) {
    throw new SluiceError('usage', `--chain: ${beforePath} is taken by a hook that was chained earlier`, {
      hint: 'Merge the two by hand, or move one of them away.',
    });
  }
  const chained = before || found === 'foreign';
  const script = hookScript({ ...settings, chained });
  const action = found === 'none' || found === 'foreign' ? 'create' : found.script === script ? 'unchanged' : 'update';
  return { kind, path, action, before: chained ? beforePath : undefined, script, chains: found === 'foreign' };
}

/** What removing would do. A hook that sluice did not write stays: SluiceError `usage`. */
export async function planUninstall(hooksDir: string, kind: HookKind): Promise<HookPlan> {
  const { path, beforePath, found, before } = await look(hooksDir, kind);
  if (found === 'foreign') {
    throw new SluiceError('usage', `the ${kind} hook is not one of sluice's, so it stays: ${path}`);
  }
  const action = found === 'none' ? 'none' : before ? 'restore' : 'remove';
  return { kind, path, action, before: before ? beforePath : undefined, script: undefined, chains: false };
}

/** Carries the plan out; at every moment there is one whole hook, the old one or the new one. */
export async function applyHookPlan(plan: HookPlan): Promise<void> {
  const { path, before, action, script } = plan;
  try {
    if (script !== undefined && action !== 'unchanged') await replaceHook(plan, script);
    // Also when only its permission was lost: git skips such a hook without a word.
    if (script !== undefined) await chmod(path, 0o755);
    if (action === 'remove') await rm(path);
    if (action === 'restore' && before !== undefined) await rename(before, path);
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    throw new SluiceError('config', `cannot ${script === undefined ? 'remove' : 'write'} the hook ${path}: ${words}`, {
      hint: 'Does the directory of hooks (core.hooksPath) belong to this user?',
      cause: error,
    });
  }
}

interface Sight {
  readonly path: string;
  readonly beforePath: string;
  readonly found: 'none' | 'foreign' | { readonly script: string };
  readonly before: boolean;
}

async function look(hooksDir: string, kind: HookKind): Promise<Sight> {
  const path = join(hooksDir, kind);
  const beforePath = join(hooksDir, chainedName(kind));
  const before = (await entry(beforePath)) !== undefined;
  const stats = await entry(path);
  if (stats === undefined) return { path, beforePath, found: 'none', before };
  // A link is somebody else's way of managing hooks, even when it leads to one of ours.
  const script = stats.isFile() ? await readFile(path, 'latin1') : '';
  if (!isOurHook(script)) return { path, beforePath, found: 'foreign', before };
  return { path, beforePath, found: { script: Buffer.from(script, 'latin1').toString('utf8') }, before };
}

async function entry(path: string) {
  try {
    return await lstat(path);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw new SluiceError('config', `cannot look at the hook ${path}: ${message}`, { cause: error });
  }
}

async function replaceHook({ path, before, chains }: HookPlan, script: string): Promise<void> {
  await makeDirectory(join(path, '..'), 0o777);
  const draft = `${path}.${randomUUID()}.tmp`;
  try {
    const file = await open(draft, 'wx', 0o755);
    try {
      await file.writeFile(script);
      await file.chmod(0o755);
      await file.sync();
    } finally {
      await file.close();
    }
    if (chains && before !== undefined) await copyHook(path, before);
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

/** A copy, so that the old hook guards until the new one stands in its place. */
async function copyHook(from: string, to: string): Promise<void> {
  const stats = await lstat(from);
  if (stats.isSymbolicLink()) return await symlink(await readlink(from), to);
  await copyFile(from, to);
  await chmod(to, stats.mode & 0o777);
}
