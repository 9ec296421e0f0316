import { styleText } from 'node:util';
import type { SluiceError } from '../core/errors.ts';
import type { CommandOutcome } from '../core/plugins/command.ts';
import { redact } from '../core/secret.ts';
import type { Globals } from './globals.ts';

export interface Streams {
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
}

/** The result on stdout: one JSON document, or text; nothing at all when there is nothing to say, or events said it. */
export function printOutcome(
  outcome: CommandOutcome,
  { json, emitted }: Pick<Globals, 'json'> & { readonly emitted: boolean },
  { stdout }: Streams,
): void {
  if (json && emitted && outcome.json === undefined) return;
  if (json) stdout.write(redact(`${JSON.stringify(outcome.json ?? { exit: outcome.exit }, null, 2)}\n`));
  else if (outcome.text !== undefined && outcome.text !== '') stdout.write(redact(`${outcome.text}\n`));
}

/** One event of a command that goes on: a JSON line, or a line of text. */
export function printEvent(
  event: { readonly json: unknown; readonly text?: string | undefined },
  { json }: Pick<Globals, 'json'>,
  { stdout }: Pick<Streams, 'stdout'>,
): void {
  if (json) stdout.write(redact(`${JSON.stringify(event.json)}\n`));
  else if (event.text !== undefined) stdout.write(redact(`${event.text}\n`));
}

/** A failure: what was being done and what to do next on stderr; with --json also the one document on stdout. */
export function printError(error: SluiceError, { json }: Pick<Globals, 'json'>, { stdout, stderr }: Streams): void {
  const lines = [`${styleText('red', 'sluice:', { stream: stderr })} ${error.message}`];
  for (const problem of error.problems) lines.push(`  - ${problem}`);
  if (error.hint) lines.push(`${styleText('dim', 'hint:', { stream: stderr })} ${error.hint}`);
  if (error.code === 'internal')
    lines.push('This is a bug in sluice. Please report it with the lines below.', stackOf(error));
  stderr.write(redact(`${lines.join('\n')}\n`));
  if (!json) return;
  const { code, message, hint, problems, exit } = error;
  const document = {
    error: { code, exit, message, ...(hint ? { hint } : {}), ...(problems.length > 0 ? { problems } : {}) },
  };
  // On one line: behind the events of a watcher it is one more of them.
  stdout.write(redact(`${JSON.stringify(document)}\n`));
}

function stackOf(error: SluiceError): string {
  const origin = error.cause instanceof Error ? error.cause : error;
  return origin.stack ?? String(origin);
}
