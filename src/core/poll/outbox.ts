import { SluiceError, toSluiceError } from '../errors.ts';
import { faultOf, type OnPollEvent } from './events.ts';
import type { Report, SendReport, World } from './ports.ts';
import { openRepositories } from './record.ts';
import type { WatchedRepository } from './repository.ts';
import { nextAttemptDelay } from './schedule.ts';
import type { StateDatabase } from './state/access.ts';
import { findRun } from './state/history.ts';
import { setOwnCommit } from './state/refs.ts';
import { countReportAttempt, nextReport, type ReportRow, removeReport } from './state/reports.ts';
import { addReportProblem } from './state/runs.ts';
import { withTimeLimit } from './time-limit.ts';

export interface OutboxOptions {
  readonly repositories: readonly WatchedRepository[];
  /** Limit of one attempt. */
  readonly limitMs: number;
  /** A report whose next attempt is further away is left to a later process. */
  readonly longestWaitMs: number;
}

export interface OutboxPorts {
  readonly db: StateDatabase;
  readonly send: SendReport;
  readonly onEvent: OnPollEvent;
  readonly world: World;
}

/** Sends what is to be reported, at least once each, in order for each run, as often as it takes. */
export interface Outbox {
  /** Looks for reports; to be called when there may be some. */
  wake(): void;
  /** Resolves when nothing is left to be sent by this process. */
  drained(): Promise<void>;
  /** Ends what is on its way; it is sent again by a later process. */
  close(): Promise<void>;
}

const mostAtOnce = 4;
/** With the hourly attempts at the end this is most of a day; then the forge has had its chance. */
const mostAttempts = 30;

export function startOutbox(options: OutboxOptions, { db, send, onEvent, world }: OutboxPorts): Outbox {
  const keys = options.repositories.map(({ key }) => key);
  const rows = [...openRepositories(db, keys).values()];
  const watched = new Map(options.repositories.map((repository) => [repository.key, repository]));
  /** Ids of runs of which a report is on its way. */
  const sending = new Set<number>();
  /** Ids of reports that wait for another attempt. */
  const delayed = new Set<number>();
  /** Places that have asked for a pause: it is meant for everything that is sent there, not for the one report that was answered so. */
  const resting = new Set<string>();
  /** Ids of reports whose next attempt is a later process's. */
  const parked = new Set<number>();
  const closing = new AbortController();
  let waiters: (() => void)[] = [];

  function wake(): void {
    while (!closing.signal.aborted && sending.size < mostAtOnce) {
      const row = next();
      if (row === undefined) break;
      sending.add(row.run);
      void deliver(row)
        // The state could not be read or written: the report is still there, and is sent again.
        .catch((error: unknown) => postpone(row, toSluiceError(error), row.attempts + 1))
        .finally(() => {
          sending.delete(row.run);
          wake();
        });
    }
    tellDrained();
  }

  /** A state that cannot be read now is no reason to forget what is in it: whoever wakes the outbox next tries again. */
  function next(): ReportRow | undefined {
    const repositories = rows.flatMap(({ id, key }) => (resting.has(placeOf(watched.get(key))) ? [] : [id]));
    try {
      return nextReport(db, { repositories, exceptRuns: [...sending], exceptReports: [...delayed, ...parked] });
    } catch (error) {
      onEvent({ type: 'state-failed', fault: faultOf(toSluiceError(error)), retryInMs: undefined });
      return undefined;
    }
  }

  async function deliver(row: ReportRow): Promise<void> {
    const { id, kind, phase } = row;
    const run = findRun(db, row.run);
    const repository = run === undefined ? undefined : watched.get(run.repository);
    if (run === undefined || repository === undefined) {
      throw new SluiceError('internal', `report ${id} is of no watched repository`);
    }
    const report: Report = { key: `${run.id}/${kind}/${phase}`, kind, phase, run };
    try {
      const limits = { limitMs: options.limitMs, signal: closing.signal };
      const { ownCommit } = await withTimeLimit(`report run ${run.id}`, limits, (signal) =>
        send(repository, report, { signal }),
      );
      db.write(`record that the ${kind} of run ${run.id} was sent`, (tx) => {
        removeReport(tx, id);
        if (ownCommit !== undefined) {
          setOwnCommit(tx, { repository: row.repository, name: run.ref, oid: ownCommit, run: run.id });
        }
      });
      onEvent({ type: 'report-sent', run: run.id, kind, phase });
    } catch (error) {
      if (!closing.signal.aborted) failed(row, toSluiceError(error));
    }
  }

  function failed(row: ReportRow, error: SluiceError): void {
    const { id, run, kind, phase, attempts } = row;
    const final = !error.retryable || attempts + 1 >= mostAttempts;
    db.write(`record that the ${kind} of run ${run} could not be sent`, (tx) => {
      if (!final) return countReportAttempt(tx, id);
      removeReport(tx, id);
      addReportProblem(tx, run, `${kind}: ${error.message}`);
    });
    if (!final) postpone(row, error, attempts + 1);
    onEvent({ type: 'report-failed', run, kind, phase, fault: faultOf(error), final });
  }

  function postpone({ id, repository }: ReportRow, error: SluiceError, attempts: number): void {
    const ms = nextAttemptDelay(attempts, error.retryAfterMs, world.random());
    const place = placeOf(watched.get(rows.find((row) => row.id === repository)?.key ?? ''));
    if (error.retryAfterMs !== undefined) resting.add(place);
    // Longer than this process goes on: a later one's, and so is all that goes to a place that rests so long.
    if (ms > options.longestWaitMs) {
      parked.add(id);
      return;
    }
    delayed.add(id);
    void world.wait(ms, closing.signal).then(() => {
      delayed.delete(id);
      resting.delete(place);
      wake();
    });
  }

  function tellDrained(): void {
    if (sending.size > 0 || (delayed.size > 0 && !closing.signal.aborted)) return;
    for (const resolve of waiters) resolve();
    waiters = [];
  }

  function drained(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    waiters.push(resolve);
    wake();
    return promise;
  }

  async function close(): Promise<void> {
    closing.abort();
    await drained();
  }

  return { wake, drained, close };
}

/** Whoever counts the requests: a forge for its token, else the server. */
function placeOf(repository: WatchedRepository | undefined): string {
  if (repository === undefined) return '';
  const { forge, url } = repository.endpoint;
  return forge?.alias ?? URL.parse(url)?.host ?? url;
}
