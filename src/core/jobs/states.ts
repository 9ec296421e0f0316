/** Where a job is. `waiting`: until a person does something; everything after `running` is final. */
export const jobStates = [
  'queued',
  'waiting',
  'running',
  'success',
  'failure',
  'error',
  'timed-out',
  'cancelled',
  'superseded',
  'skipped',
] as const;

export type JobState = (typeof jobStates)[number];

/** What a handler may say of its job. `failure`: the script or the remote said no; `error`: it could not be tried. */
export type OutcomeState = 'waiting' | 'success' | 'failure' | 'error' | 'timed-out' | 'cancelled' | 'skipped';

/** It did not work, for whatever reason: when its delivery comes again, it is done again. */
const failedStates = ['failure', 'error', 'timed-out'] as const satisfies readonly JobState[];

/** The dead letters: it never came to a result, and nobody tries it again. A script that said no has one. */
export const deadStates = ['error', 'timed-out'] as const satisfies readonly JobState[];

/** Nothing more will happen by itself. */
export const endedStates = ['waiting', 'success', ...failedStates, 'cancelled', 'superseded', 'skipped'] as const;

export function isFailed(state: JobState): boolean {
  return (failedStates as readonly JobState[]).includes(state);
}

export function isDead(state: JobState): boolean {
  return (deadStates as readonly JobState[]).includes(state);
}

export function isEnded(state: JobState): boolean {
  return (endedStates as readonly JobState[]).includes(state);
}
