import { describe, expect, test } from 'vitest';
import type { PollEvent } from '../../../src/core/poll/events.ts';
import type { FinalState, Run } from '../../../src/core/poll/run.ts';
import { addToTally, emptyTally, exitStatusOf } from '../../../src/core/poll/tally.ts';

function ended(state: FinalState): PollEvent {
  return { type: 'run-finished', run: { state } as Run };
}

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
    [1, 'a failed script is the answer, whatever else', [failed('denied'), ended('failure')]],
  ])('%d: %s', (status, _what, events) => {
    expect(exitStatusOf(events.reduce(addToTally, emptyTally))).toBe(status);
  });
});
