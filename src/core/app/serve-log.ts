import { AsyncLocalStorage } from 'node:async_hooks';
import { toSluiceError } from '../errors.ts';
import type { Job, RunJob } from '../jobs/store.ts';
import type { Log, LogFields } from '../plugins/command.ts';
import type { StatusData } from '../serve/job-data.ts';

export interface JobLog {
  /** Its lines say which run and delivery they are about, however deep below the handler they are written. */
  readonly log: Log;
  /** The handler, so that `log` knows for which job it works; an attempt that failed and is repeated is said. */
  within(handler: RunJob): RunJob;
}

/** A log that follows a job through rooms that know nothing of jobs: git, forges, trust. */
export function openJobLog(opened: Log): JobLog {
  const current = new AsyncLocalStorage<LogFields>();
  const about = (fields: LogFields | undefined) => {
    const job = current.getStore();
    return job === undefined ? fields : { ...job, ...fields };
  };
  const log: Log = {
    debug: (message, fields) => opened.debug(message, about(fields)),
    info: (message, fields) => opened.info(message, about(fields)),
    warn: (message, fields) => opened.warn(message, about(fields)),
    error: (message, fields) => opened.error(message, about(fields)),
  };
  return {
    log,
    within: (handler) => async (job) => {
      // A status tells of another run, which is the one to be found later.
      const { run = job.id, delivery = job.delivery } = job.data as Partial<Pick<StatusData, 'run' | 'delivery'>>;
      return await current.run(delivery === undefined ? { run } : { run, delivery }, async () => {
        try {
          return await handler(job);
        } catch (error) {
          sayRepeated(job, error, log);
          throw error;
        }
      });
    },
  };
}

/** The end of a run is said by whoever listens to the store; that it goes on trying is seen nowhere else. */
function sayRepeated({ queue, name, subject, attempt, attempts, signal }: Job, thrown: unknown, log: Log): void {
  const { retryable, message, hint } = toSluiceError(thrown);
  if (!retryable || attempt >= attempts || signal.aborted) return;
  const what = queue === 'status' ? `the status ${name}` : name;
  log.warn(`${what} of ${subject.repo}: attempt ${attempt} of ${attempts} failed and is repeated: ${message}`, {
    hint,
  });
}
