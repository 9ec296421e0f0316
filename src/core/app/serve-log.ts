import { AsyncLocalStorage } from 'node:async_hooks';
import type { RunJob } from '../jobs/store.ts';
import type { Log, LogFields } from '../plugins/command.ts';

export interface JobLog {
  /** Its lines say which run and delivery they are about, however deep below the handler they are written. */
  readonly log: Log;
  /** The handler, so that `log` knows for which job it works. */
  within(handler: RunJob): RunJob;
}

/** A log that follows a job through rooms that know nothing of jobs: git, forges, trust. */
export function openJobLog(log: Log): JobLog {
  const current = new AsyncLocalStorage<LogFields>();
  const about = (fields: LogFields | undefined) => {
    const job = current.getStore();
    return job === undefined ? fields : { ...job, ...fields };
  };
  return {
    log: {
      debug: (message, fields) => log.debug(message, about(fields)),
      info: (message, fields) => log.info(message, about(fields)),
      warn: (message, fields) => log.warn(message, about(fields)),
      error: (message, fields) => log.error(message, about(fields)),
    },
    within: (handler) => async (job) => {
      const { id, delivery } = job;
      // A status tells of another run, which is the one to be found later.
      const { run = id } = job.data as { readonly run?: string };
      return await current.run(delivery === undefined ? { run } : { run, delivery }, () => handler(job));
    },
  };
}
