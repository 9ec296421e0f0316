import { mkdir, mkdtemp, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { diskError } from '../disk-error.ts';
import { makeDirectory } from '../make-directory.ts';
import { removeTree } from './remove-tree.ts';

/** The directories of one run. They are siblings, so that nothing a script does to its checkout reaches the others by accident. */
export interface Workspace extends AsyncDisposable {
  /** Parent of the rest, without symbolic links; no two runs share this path. */
  readonly dir: string;
  /** Where the script starts: a checkout of the commit, or empty. */
  readonly checkout: string;
  /** Git objects that the checkout borrows (`snapshotObjects`). */
  readonly objects: string;
  /** HOME of the script, unless the operator lets it have the real one. */
  readonly home: string;
  /** TMPDIR of the script. */
  readonly tmp: string;
}

/**
 * Makes the directories of one run below `root`; disposing removes them, whatever the script did to them, and does not throw: a run
 * keeps its result although a part of its directory stays (a mount, an immutable file), of which `onStuck` is told. What a killed
 * sluice left below `root` is removed with `removeTree`. `root` belongs on a disk with room, best the one of the git cache: then objects are
 * linked instead of copied.
 */
export async function openWorkspace(root: string, onStuck?: (error: unknown) => void): Promise<Workspace> {
  try {
    await makeDirectory(root, 0o700);
    const dir = await mkdtemp(join(await realpath(root), 'run-'));
    const at = (name: string) => join(dir, name);
    const workspace = { dir, checkout: at('checkout'), objects: at('objects'), home: at('home'), tmp: at('tmp') };
    for (const path of [workspace.checkout, workspace.objects, workspace.home, workspace.tmp]) await mkdir(path);
    return { ...workspace, [Symbol.asyncDispose]: () => removeTree(dir).catch((error) => onStuck?.(error)) };
  } catch (error) {
    throw diskError(
      `cannot make a directory for a run in ${root}`,
      error,
      'Is the directory writable and its disk not full?',
    );
  }
}

/** For another attempt at filling it, before anything has run there. */
export async function emptyWorkspace({ checkout, objects }: Workspace): Promise<void> {
  for (const path of [checkout, objects]) {
    await removeTree(path);
    await mkdir(path);
  }
}
