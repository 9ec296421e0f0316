import { execFile } from 'node:child_process';
import { basename, dirname } from 'node:path';
import { SluiceError } from '../errors.ts';

/**
 * A file that the search found inside a clone and that came with it was written by whoever may push there. It may set what it likes of
 * our work on that repository, but not run programs or send this user's credentials to a host of its choice just because sluice was
 * started in that directory. Naming the file (`--config`, SLUICE_CONFIG) is the user's word that it is trusted.
 * Throws SluiceError('config').
 */
export async function refuseBrought({
  path,
  value,
}: {
  readonly path: string;
  readonly value: unknown;
}): Promise<void> {
  const danger = dangerIn(value);
  if (danger === undefined || !(await isTracked(path))) return;
  throw new SluiceError('config', `the configuration file ${path} came with the clone and ${danger}`, {
    hint: `If you trust it, name it: --config ${path} (or SLUICE_CONFIG=${path})`,
  });
}

function dangerIn(value: unknown): string | undefined {
  if (!isRecord(value)) return undefined;
  if (value.plugins !== undefined && !(Array.isArray(value.plugins) && value.plugins.length === 0))
    return 'names plugins, which are programs';
  return namesSecret(value) ? 'names secrets of yours' : undefined;
}

const secretKeys = ['token', 'privateKey', 'secrets', 'database', 'password', 'bearer'];

/** Whether there is a key that the schema has a secret under; also in a file that the schema would refuse, with aliases that lead in a circle. */
function namesSecret(value: unknown): boolean {
  const seen = new Set<unknown>([value]);
  // A Set's iteration also visits what is added on the way.
  for (const one of seen) {
    if (!isRecord(one)) continue;
    if (!Array.isArray(one) && Object.keys(one).some((key) => secretKeys.includes(key))) return true;
    for (const inner of Object.values(one)) seen.add(inner);
  }
  return false;
}

/** Whether git knows the file; false where there is no git or no repository. */
async function isTracked(path: string): Promise<boolean> {
  // In a hook git names another repository through these.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('GIT_')));
  const args = ['-C', dirname(path), '-c', 'core.fsmonitor=false', 'ls-files', '--error-unmatch', '--', basename(path)];
  return await new Promise((resolve) => {
    execFile('git', args, { env, timeout: 10_000 }, (error) => {
      // Status 1: not tracked; 128: no repository; ENOENT: no git. A git that hangs is not taken for a no.
      resolve(error === null || error.killed === true);
    });
  });
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
