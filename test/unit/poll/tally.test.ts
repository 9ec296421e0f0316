import { describe, expect, test } from 'vitest';
import type { PollEvent } from '../../../src/core/poll/events.ts';
import type { FinalState, Run } from '../../../src/core/poll/run.ts';
import { addToTally, emptyTally, exitStatusOf } from '../../../src/core/poll/tally.ts';

function ended(state: FinalState): PollEvent {
  return { type: 'run-finished', run: { state } as Run };
}

const run = { id: 7, repository: 'a', ref: 'refs/heads/main', state: 'success' } as Run;
const away = { code: 'unavailable', message: 'x', hint: undefined } as const;
const returned: PollEvent = { type: 'run-returned', run, fault: away };
const report = { run: 7, kind: 'notes', phase: 'final' } as const;
const unsent: PollEvent = { type: 'report-failed', ...report, fault: away, final: false };

function failed(code: 'unavailable' | 'denied' | 'rate-limited' | 'config'): PollEvent {
  const fault = { code, message: 'x', hint: undefined };
  return { type: 'look-failed', repository: 'a', fault, retryInMs: undefined };
}

describe('exitStatusOf', () => {
  test.each<[number, string, readonly PollEvent[]]>([
    [0, 'nothing', []],
    [0, 'everything went well', [ended('success'), ended('skipped'), ended('superseded'), ended('cancelled')]],
    [1, 'a script failed', [ended('success'), ended('failure')]],
    [1, 'a script took too long', [ended('timed-out')]],
    [1, 'a script could not be run', [ended('error')]],
    [69, 'a remote was unavailable', [ended('success'), failed('unavailable')]],
    [75, 'a remote wants us to wait', [failed('rate-limited')]],
    [77, 'what needs a person comes before what may pass', [failed('unavailable'), failed('denied')]],
    [78, 'the configuration is wrong', [failed('denied'), failed('config')]],
    [69, 'a run could not be begun', [returned, ended('success')]],
    [0, 'a run could be begun in the end', [returned, returned, { type: 'run-finished', run }]],
    [69, 'a result waits to be sent', [ended('success'), unsent]],
    [0, 'a result was sent in the end', [unsent, { type: 'report-sent', ...report }]],
    [69, 'a result was refused in the end', [unsent, { ...unsent, final: true }]],
    [1, 'a failed script is the answer, whatever else', [failed('denied'), ended('failure')]],
  ])('%d: %s', (status, _what, events) => {
    expect(exitStatusOf(events.reduce(addToTally, emptyTally))).toBe(status);
  });
});
