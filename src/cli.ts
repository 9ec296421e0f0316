import { splitArgv } from './cli/argv.ts';
import { openContext } from './cli/context.ts';
import { findCommand } from './cli/find-command.ts';
import { type Globals, readGlobals } from './cli/globals.ts';
import { parseInvocation } from './cli/parse.ts';
import { printError, printOutcome } from './cli/print.ts';
import { catchSignals } from './cli/signals.ts';
import { SluiceError, toSluiceError } from './core/errors.ts';

/**
 * The program: finds the command, runs it, prints its outcome and sets the exit status. Nothing below this file writes to stdout
 * or ends the process.
 */
export async function main(argv: readonly string[]): Promise<void> {
  const { signal } = catchSignals(process);
  process.stdout.on('error', endWithoutStdout);
  // Nobody reads what goes wrong: the status still tells.
  process.stderr.on('error', () => {});
  const fallback = readGlobalsLeniently(argv);
  try {
    await runCommand(argv, signal);
  } catch (thrown) {
    const error = toSluiceError(signal.aborted ? signal.reason : thrown);
    // Before it is printed, as every outcome: stdout may fail at once, and what is known by then counts.
    process.exitCode = statusOf(error.exit);
    printError(error, fallback, process);
  }
}

/** What the running command ends with where others end with 69, 75 or 77 (`CommandSpec.undecided`). */
let undecided: number | undefined;

function statusOf(exit: number): number {
  return undecided !== undefined && [69, 75, 77].includes(exit) ? undecided : exit;
}

/**
 * A reader that went away (`sluice … | head`) is no failure of ours, and changes nothing of an outcome that is known. A full disk is one:
 * a yes that could not be written is none.
 */
function endWithoutStdout(error: NodeJS.ErrnoException): void {
  const known = Number(process.exitCode ?? 0);
  if (error.code === 'EPIPE') process.exit(known);
  process.stderr.write(`sluice: the result cannot be written to stdout: ${error.message}\n`);
  process.exit(known === 0 ? statusOf(69) : known);
}

async function runCommand(argv: readonly string[], signal: AbortSignal): Promise<void> {
  const split = splitArgv(argv);
  const found = await findCommand(split, { env: process.env, cwd: process.cwd() });
  if (found.kind === 'external') {
    const { runExternal } = await import('./cli/external.ts');
    process.exitCode = await runExternal(found.path, found.args ?? split.after, signal);
    return;
  }
  const parsed = parseInvocation(argv, found, process);
  if (parsed.kind === 'printed') {
    process.exitCode = parsed.exit;
    return;
  }
  const { spec, input } = parsed.invocation;
  undecided = spec.undecided;
  if (spec.run === undefined) throw new SluiceError('usage', `sluice ${spec.name} needs a subcommand`);
  const globals = readGlobals(input.options, process.env);
  const dryRun = input.options.dryRun === true;
  const { context, progress, emitted } = await openContext({
    globals,
    dryRun,
    longRunning: spec.longRunning === true,
    signal,
    env: process.env,
    cwd: process.cwd(),
    stdout: process.stdout,
    stderr: process.stderr,
  });
  try {
    const outcome = await spec.run(context, input);
    progress.stop();
    signal.throwIfAborted();
    process.exitCode = statusOf(outcome.exit);
    printOutcome(outcome, { json: globals.json, emitted: emitted() }, process);
  } finally {
    progress.stop();
  }
}

/** Good enough to print an error in the form that was asked for, even when the arguments make no sense. */
function readGlobalsLeniently(argv: readonly string[]): Pick<Globals, 'json'> {
  const end = argv.indexOf('--');
  return { json: (end < 0 ? argv : argv.slice(0, end)).includes('--json') };
}

await main(process.argv.slice(2));
