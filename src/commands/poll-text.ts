import { styleText } from 'node:util';
import { shortName, shortOid } from '../core/model/ref.ts';
import type { Fault, PollEvent } from '../core/poll/events.ts';
import type { Run, RunState } from '../core/poll/run.ts';
import { printable } from '../core/ui/table.ts';

const colours = {
  queued: 'dim',
  running: 'cyan',
  success: 'green',
  failure: 'red',
  error: 'red',
  'timed-out': 'red',
  cancelled: 'yellow',
  superseded: 'yellow',
  skipped: 'dim',
} as const satisfies Record<RunState, string>;

export function stateText(state: RunState): string {
  return styleText(colours[state], state, { stream: process.stdout });
}

/** One line for a person of what sluice could not do, or was in doubt about; undefined for any other event. */
export function troubleText(event: PollEvent): string | undefined {
  switch (event.type) {
    case 'look-failed':
      return `${printable(event.repository)}: ${faultText(event.fault)}${again(event.retryInMs)}`;
    case 'report-failed':
      return `run ${event.run}: the result (${event.kind}) was not taken: ${faultText(event.fault)}${event.final ? '' : '; it is tried again'}`;
    case 'run-returned':
      return `${runName(event.run)} is queued again: ${faultText(event.fault)}`;
    case 'state-failed':
      return `the state cannot be written: ${faultText(event.fault)}${again(event.retryInMs)}`;
    case 'unusable-ref':
      return `${printable(event.repository)}: ${printable(event.ref)} is not watched: ${printable(event.problem)}`;
    case 'doubt':
      return `${printable(event.repository)}: all ${event.refs} watched refs seem to be gone; believed when the next look says the same`;
    default:
      return undefined;
  }
}

/** One line for a person of what happened, or undefined for what only `--json` tells; with `--quiet` only failed runs. */
export function eventText(event: PollEvent, { quiet }: { readonly quiet: boolean }): string | undefined {
  if (!quiet) return ordinaryText(event);
  const failed = event.type === 'run-finished' && ['failure', 'error', 'timed-out'].includes(event.run.state);
  return failed ? finished(event.run) : undefined;
}

function ordinaryText(event: PollEvent): string | undefined {
  switch (event.type) {
    case 'baseline':
      return `${printable(event.repository)}: ${baseline(event.refs)}`;
    case 'change':
      return changed(event);
    case 'planned':
      return planned(event);
    case 'waiting':
      return `${runName(event.run)} is ${event.run.state}, and would run`;
    case 'look-recovered':
      return `${printable(event.repository)}: answers again`;
    case 'run-started':
      return `${runName(event.run)} started`;
    case 'run-finished':
      return finished(event.run);
    default:
      return undefined;
  }
}

function changed({ repository, change, run }: Extract<PollEvent, { type: 'change' }>): string {
  const waits = change.blocked === undefined ? '' : `, waits: ${printable(change.blocked)}`;
  return `${printable(repository)} ${printable(shortName(change.ref))}: ${change.kind}, run ${run}${waits}`;
}

function planned({ repository, change }: Extract<PollEvent, { type: 'planned' }>): string {
  const at = change.newOid === undefined ? '' : ` ${change.kind === 'moved' ? 'to' : 'at'} ${shortOid(change.newOid)}`;
  const what = `${printable(repository)} ${printable(shortName(change.ref))}: ${change.kind}${at}`;
  if (change.newOid === undefined) return `${what}, would be recorded`;
  return change.blocked === undefined ? `${what}, would run` : `${what}, would wait: ${printable(change.blocked)}`;
}

function baseline(refs: number): string {
  if (refs === 0) return 'seen for the first time';
  const what = refs === 1 ? '1 ref, which is' : `${refs} refs, which are`;
  return `first sight of ${what} remembered and not run (--initial run would)`;
}

function finished(run: Run): string {
  const words = run.detail || run.lastLine || (run.exitStatus ? `exit status ${run.exitStatus}` : '');
  return `${runName(run)} ${stateText(run.state)}${words ? `: ${printable(words)}` : ''}`;
}

function runName(run: Run): string {
  const at = run.newOid === undefined ? '' : ` ${shortOid(run.newOid)}`;
  return `run ${run.id} (${printable(run.repository)} ${printable(shortName(run.ref))}${at})`;
}

function faultText({ message, hint }: Fault): string {
  return `${message}${hint ? ` (${hint})` : ''}`;
}

function again(retryInMs: number | undefined): string {
  return retryInMs === undefined ? '' : `; next look in ${Math.round(retryInMs / 1000)} s`;
}
