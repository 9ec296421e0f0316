import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';

// What execvp(3) searches when there is no PATH.
const usualPath = '/usr/local/bin:/usr/bin:/bin';

/** The absolute path of a program as a shell would find it, or undefined. A name with a slash is relative to `cwd`. */
export async function findProgram(name: string, path: string | undefined, cwd: string): Promise<string | undefined> {
  const folders = name.includes('/') ? [''] : (path ?? usualPath).split(':').filter((folder) => folder !== '');
  for (const folder of folders) {
    const candidate = resolve(cwd, join(folder, name));
    if (await isProgram(candidate)) return candidate;
  }
  return undefined;
}

async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
