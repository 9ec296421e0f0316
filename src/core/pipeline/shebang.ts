/**
 * The program and its argument from a `#!` line (pure), split as Linux does (execve(2), "Interpreter scripts"): all after the program
 * is one argument. sluice reads the line itself instead of leaving it to the kernel: a file that was committed from Windows names
 * `python3\r`, file modes are lost on the way, and work directories may be mounted noexec. `undefined`: no such line.
 */
export function interpreterLine(start: Buffer): readonly [string] | readonly [string, string] | 'empty' | undefined {
  const text = start.toString('utf8');
  if (!text.startsWith('#!')) return undefined;
  const line = (/^[^\r\n]*/.exec(text.slice(2))?.[0] ?? '').trim();
  const [, program, argument] = /^(\S+)(?:\s+(.*))?$/.exec(line) ?? [];
  if (program === undefined) return 'empty';
  return argument === undefined ? [program] : [program, argument];
}
