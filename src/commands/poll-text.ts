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

/** One line for a person, or undefined for what only `--json` tells; with `--quiet` only what needs attention. */
export function eventText(event: PollEvent, { quiet }: { readonly quiet: boolean }): string | undefined {
  return attentionText(event) ?? (quiet ? undefined : ordinaryText(event));
}

function attentionText(event: PollEvent): string | undefined {
  switch (event.type) {
    case 'run-finished':
      return ['failure', 'error', 'timed-out'].includes(event.run.state) ? finished(event.run) : undefined;
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

function ordinaryText(event: PollEvent): string | undefined {
  switch (event.type) {
    case 'baseline':
      return `${printable(event.repository)}: ${baseline(event.refs)}`;
    case 'change':
      return `${printable(event.repository)} ${printable(shortName(event.change.ref))}: ${event.change.kind}, run ${event.run}`;
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
