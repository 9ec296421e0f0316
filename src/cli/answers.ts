import { builtInCommands } from '../commands/index.ts';
import type { CommandSpec } from '../core/plugins/command.ts';
import { version } from '../core/version.ts';
import { buildProgram } from './program.ts';

/** What the launcher answers by itself: the version and the help of every built-in command, by the words that name it. */
export async function answers(): Promise<{
  readonly version: string;
  readonly help: Readonly<Record<string, string>>;
}> {
  const help: Record<string, string> = { '': helpOf([], undefined) };
  for (const builtIn of builtInCommands) collect([builtIn.name], await builtIn.load(), help);
  return { version, help };
}

function collect(
  words: readonly string[],
  spec: CommandSpec,
  help: Record<string, string>,
  top: CommandSpec = spec,
): void {
  help[words.join(' ')] = helpOf(words, top);
  for (const child of spec.subcommands ?? []) collect([...words, child.name], child, help, top);
}

function helpOf(words: readonly string[], spec: CommandSpec | undefined): string {
  let text = '';
  const program = buildProgram({
    version,
    words,
    summaries: builtInCommands,
    ...(spec === undefined ? {} : { spec }),
    output: {
      write: (part) => {
        text += part;
      },
      error: () => {},
    },
    onInvoke: () => {},
  });
  try {
    program.parse([...words, '--help'], { from: 'user' });
  } catch {
    // commander ends every help by throwing; the text is there.
  }
  return text;
}
