import type { Asked, JobStore } from '../jobs/store.ts';
import type { ActionOutcome, ServeActions } from './read-model.ts';
import type { WebhookSource } from './source.ts';

export interface ActionsOptions {
  readonly store: JobStore;
  readonly sources: readonly WebhookSource[];
  /** Who did what, for the log. */
  readonly log: (message: string, fields: Readonly<Record<string, unknown>>) => void;
}

/** What people may ask for, through pages, API and commands. */
export function openServeActions({ store, sources, log }: ActionsOptions): ServeActions {
  return {
    async retry(id, by) {
      const asked = await store.retry(id, { pinned: true });
      if (asked === 'done') log(`${by} retries run ${id}`, { run: id });
      return outcome(asked, id, { done: 'is in the queue again', not: 'has not ended: it cannot be retried' });
    },
    async cancel(id, by) {
      const asked = await store.cancel(id, `cancelled by ${by}`);
      if (asked === 'done') log(`${by} cancels run ${id}`, { run: id });
      return outcome(asked, id, { done: 'is cancelled', not: 'has ended: there is nothing to cancel' });
    },
    async replay(guid, by) {
      const [stored, body] = await Promise.all([store.delivery(guid), store.body(guid)]);
      if (stored === undefined) return { done: false, refused: 'not-found', reason: `there is no delivery ${guid}` };
      if (body === undefined) return conflict(`the body of ${guid} is not kept any more`);
      const source = sources.find(({ name }) => name === stored.source);
      if (source === undefined) return conflict(`its source, ${stored.source}, is not in this configuration`);
      const { jobs, reason } = source.route(source.webhooks.decode(stored.event, body));
      if (jobs.length === 0) return conflict(`it leads to nothing: ${reason}`);
      const queued = await store.replay(guid, jobs);
      log(`${by} replays the delivery ${guid}`, { delivery: guid });
      return { done: true, message: `${queued} ${queued === 1 ? 'run is' : 'runs are'} in the queue` };
    },
  };
}

function outcome(asked: Asked, id: string, words: { readonly done: string; readonly not: string }): ActionOutcome {
  if (asked === 'done') return { done: true, message: `run ${id} ${words.done}` };
  if (asked === 'not-found') return { done: false, refused: 'not-found', reason: `there is no run ${id}` };
  return conflict(`run ${id} ${words.not}`);
}

function conflict(reason: string): ActionOutcome {
  return { done: false, refused: 'conflict', reason };
}
