import { SluiceError } from '../core/errors.ts';

/** Runs `sluice-NAME` with the terminal as it is; its exit status becomes ours, as with git's own external commands. */
export async function runExternal(path: string, args: readonly string[], signal: AbortSignal): Promise<number> {
  const { execa } = await import('execa');
  const result = await execa(path, [...args], { stdio: 'inherit', reject: false, cancelSignal: signal });
  signal.throwIfAborted();
  if (result.exitCode !== undefined) return result.exitCode;
  if (result.signal !== undefined) return 128;
  throw new SluiceError('usage', `${path} could not be started: ${result.shortMessage ?? 'unknown reason'}`, {
    hint: 'Is it executable, and does its #! line name a program that exists?',
  });
}
