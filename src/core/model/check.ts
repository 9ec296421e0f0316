import type { Oid } from './ref.ts';

/**
 * `pending`: queued, running, or waiting for a person. `neutral` and `skipped` are neither yes nor no. Everything else that ended without
 * success (cancelled, timed out, stale, action required) is `failure`.
 */
export type CheckState = 'pending' | 'success' | 'failure' | 'neutral' | 'skipped';

/**
 * What one check (check run, commit status, pipeline job, build status) says of one commit; of several with one name and app
 * the latest of each suite, and the worst across suites: a second workflow must not cover up the first.
 */
export interface Check {
  readonly name: string;
  /** Slug of the app that reported it, where the forge vouches for that; undefined: anyone with a token may have. */
  readonly app: string | undefined;
  /** Path of the repository on which it was reported. */
  readonly repo: string;
  readonly sha: Oid;
  readonly state: CheckState;
  readonly url: string | undefined;
}
