import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = join(import.meta.dirname, '..');

/** Unpacks what `npm pack` would publish of the present build; a rebuild meanwhile does not touch it. Returns the launcher. */
export async function unpackPackage(dir: string): Promise<string> {
  const { stdout } = await run('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', dir], {
    cwd: root,
  });
  await run('tar', ['-xzf', join(dir, stdout.trim()), '-C', dir]);
  return join(dir, 'package/bin/sluice.js');
}
