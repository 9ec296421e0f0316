import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { SluiceError } from '../errors.ts';

const attempts = 3;
const pauseMs = 100;

/**
 * Removes a directory that a script had in its hands: with directories that forbid writing, or deeper than a path may be long
 * (rm(1) walks by directory handles, Node's own rm by path), or gone already. Symbolic links are removed, never followed.
 * Throws SluiceError when something stays (an immutable file, a mount).
 */
export async function removeTree(dir: string): Promise<void> {
  let words = '';
  for (let attempt = 1; attempt <= attempts; attempt += 1) {
    words = await run('rm', ['-rf', '--', dir]);
    if (words === '') return;
    // Directories without write or search permission; a process that is just ending may also have added a file.
    await run('chmod', ['-R', 'u+rwX', '--', dir]);
    await sleep(attempt * pauseMs);
  }
  throw new SluiceError('internal', `cannot remove ${dir} after a run: ${words}`, {
    hint: 'Remove it by hand; a mount or an immutable file (lsattr) may be inside.',
  });
}

/** Empty when it succeeded, otherwise the last line of its complaint. */
async function run(program: string, args: readonly string[]): Promise<string> {
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let last = '';
  child.stderr.on('data', (chunk: Buffer) => {
    last = `${last}${chunk}`.slice(-500);
  });
  return await new Promise((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('close', (status) => resolve(status === 0 ? '' : (last.trim().split('\n').at(-1) ?? '') || 'it failed'));
  });
}
