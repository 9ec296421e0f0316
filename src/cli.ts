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
  const fallback = readGlobalsLeniently(argv);
  try {
    process.exitCode = await runCommand(argv, signal);
  } catch (thrown) {
    const error = toSluiceError(signal.aborted ? signal.reason : thrown);
    printError(error, fallback, process);
    process.exitCode = error.exit;
  }
}

/** A reader that went away (`sluice … | head`) is no failure of ours; a full disk is one that must not pass for a result. */
function endWithoutStdout(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') process.exit(0);
  process.stderr.write(`sluice: the result cannot be written to stdout: ${error.message}\n`);
  process.exit(69);
}

async function runCommand(argv: readonly string[], signal: AbortSignal): Promise<number> {
  const split = splitArgv(argv);
  const found = await findCommand(split, { env: process.env, cwd: process.cwd() });
  if (found.kind === 'external') {
    const { runExternal } = await import('./cli/external.ts');
    return await runExternal(found.path, found.args ?? split.after, signal);
  }
  const parsed = parseInvocation(argv, found, process);
  if (parsed.kind === 'printed') return parsed.exit;
  const { spec, input } = parsed.invocation;
  if (spec.run === undefined) throw new SluiceError('usage', `sluice ${spec.name} needs a subcommand`);
  const globals = readGlobals(input.options, process.env);
  const dryRun = input.options.dryRun === true;
  const { context, progress, emitted } = await openContext({
    globals,
    dryRun,
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
    printOutcome(outcome, { json: globals.json, emitted: emitted() }, process);
    return outcome.exit;
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
