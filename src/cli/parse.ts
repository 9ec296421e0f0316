import { CommanderError } from 'commander';
import { builtInCommands } from '../commands/index.ts';
import { SluiceError } from '../core/errors.ts';
import { version } from '../core/version.ts';
import type { Found } from './found.ts';
import type { Streams } from './print.ts';
import { buildProgram, type Invocation } from './program.ts';

export type Parsed =
  | { readonly kind: 'invocation'; readonly invocation: Invocation }
  /** Help or the version went to stdout; there is nothing to run. */
  | { readonly kind: 'printed'; readonly exit: number };

/** Parses the command line for one command. What commander complains about is a usage error, its suggestions included. */
export function parseInvocation(
  argv: readonly string[],
  found: Exclude<Found, { kind: 'external' }>,
  { stdout }: Streams,
): Parsed {
  const { words, rest } = splitRest(found.argv ?? argv, found.kind === 'command' && found.spec.rest !== undefined);
  let invocation: Invocation | undefined;
  let complaint = '';
  const program = buildProgram({
    version,
    words,
    summaries: [...builtInCommands, ...(found.others ?? [])],
    ...(found.kind === 'command' ? { spec: found.spec } : {}),
    output: {
      write: (text) => stdout.write(text),
      error: (text) => {
        complaint += text;
      },
    },
    onInvoke: (made) => {
      invocation = made;
    },
  });
  try {
    program.parse([...words], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return { kind: 'printed', exit: 0 };
    throw usageError(complaint || error.message, found);
  }
  if (invocation !== undefined) {
    const { spec, input } = invocation;
    return { kind: 'invocation', invocation: { spec, input: { ...input, rest } } };
  }
  throw usageError('no command given', found);
}

// `--run make -j4` reads like `-- make -j4`: everything behind it is the command's, flags included.
const restFlag = '--run';

/** Takes the words after `--` away from the parser, which would read them as arguments of ours. */
function splitRest(
  argv: readonly string[],
  takesRest: boolean,
): { readonly words: readonly string[]; readonly rest?: readonly string[] } {
  const at = argv.findIndex((word) => word === '--' || word === restFlag);
  if (!takesRest || at < 0) return { words: argv };
  const rest = argv.slice(at + 1);
  return { words: argv.slice(0, at), rest: rest[0] === '--' ? rest.slice(1) : rest };
}

function usageError(complaint: string, found: Found): SluiceError {
  const [first = '', ...more] = complaint
    .trim()
    .split('\n')
    .filter((line) => line !== '');
  const message = first.startsWith('Usage:') ? 'no command given' : first.replace(/^error: /, '');
  const suggestion = more.find((line) => line.startsWith('(Did you mean'))?.slice(1, -1);
  const help = `See sluice ${found.kind === 'command' ? `${found.spec.name} ` : ''}--help.`;
  return new SluiceError('usage', message, { hint: suggestion === undefined ? help : `${suggestion} ${help}` });
}
