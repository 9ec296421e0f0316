import { EventEmitter, on } from 'node:events';
import type {
  ActionOutcome,
  Changed,
  DeliveryDetail,
  LogPart,
  Page,
  PageRequest,
  QueueDepth,
  RepositoryHealth,
  RunView,
  ServeActions,
  ServeReads,
} from '../../src/core/serve/read-model.ts';

/** A log that a test writes: bytes in memory, or any function that makes them (for logs of 100 MB). */
export interface WrittenLog {
  readonly size: () => number;
  readonly bytes: (offset: number, length: number) => Uint8Array;
  ended: boolean;
}

/** The store that the server is tested with: everything in memory, in the order in which it was added. */
export interface MemoryStore extends ServeReads, ServeActions {
  readonly all: {
    runs: RunView[];
    deliveries: DeliveryDetail[];
    repositories: RepositoryHealth[];
    queue: QueueDepth[];
    sources: string[];
  };
  readonly logs: Map<string, WrittenLog>;
  /** What was asked for: `retry 7 by ann`. */
  readonly asked: string[];
  /** Throws, when it is set. */
  failure: Error | undefined;
  changed(changed: Changed): void;
  replaceRun(id: string, change: Partial<RunView>): void;
  readonly readers: () => number;
}

export function memoryStore(): MemoryStore {
  const emitter = new EventEmitter();
  const asked: string[] = [];
  const logs = new Map<string, WrittenLog>();
  const all: MemoryStore['all'] = { runs: [], deliveries: [], repositories: [], queue: [], sources: ['acme-app'] };

  function ask(what: string, exists: boolean, allowed: boolean): ActionOutcome {
    asked.push(what);
    if (!exists) return { done: false, refused: 'not-found', reason: 'there is no such entry' };
    return allowed
      ? { done: true, message: what }
      : { done: false, refused: 'conflict', reason: 'it has ended already' };
  }

  const store: MemoryStore = {
    all,
    logs,
    asked,
    failure: undefined,
    changed: (changed) => void emitter.emit('changed', changed),
    replaceRun(id, change) {
      all.runs = all.runs.map((run) => (run.id === id ? { ...run, ...change } : run));
      store.changed({ kind: 'run', id });
    },
    readers: () => emitter.listenerCount('changed'),
    async runs({ repo, branch, states, delivery, dead, ...page }) {
      if (store.failure !== undefined) throw store.failure;
      const wanted = all.runs.filter(
        (run) =>
          (repo === undefined || run.repo === repo) &&
          (branch === undefined || run.branch === branch) &&
          (states === undefined || states.includes(run.state)) &&
          (delivery === undefined || run.delivery === delivery) &&
          (dead !== true || run.dead),
      );
      return pageOf(wanted, page, (run) => run.id);
    },
    run: async (id) => all.runs.find((run) => run.id === id),
    async log(id, { offset, limit }): Promise<LogPart | undefined> {
      const log = logs.get(id);
      if (log === undefined) return undefined;
      const { ended } = log;
      const size = log.size();
      const length = Math.max(0, Math.min(limit, size - offset));
      return { offset, bytes: log.bytes(offset, length), size, ended };
    },
    async *changes(signal) {
      try {
        for await (const [changed] of on(emitter, 'changed', { signal })) yield changed as Changed;
      } catch (error) {
        if (!signal.aborted) throw error;
      }
    },
    async deliveries({ source, repo, result, ...page }) {
      const wanted = all.deliveries.filter(
        (delivery) =>
          (source === undefined || delivery.source === source) &&
          (repo === undefined || delivery.repo === repo) &&
          (result === undefined || delivery.result === result),
      );
      return pageOf(wanted, page, (delivery) => delivery.guid);
    },
    delivery: async (guid) => all.deliveries.find((delivery) => delivery.guid === guid),
    repositories: async () => all.repositories,
    sources: async () => all.sources,
    queue: async () => all.queue,
    async writable() {
      if (store.failure !== undefined) throw store.failure;
    },
    async retry(id, by) {
      const run = all.runs.find((one) => one.id === id);
      return ask(`retry ${id} by ${by}`, run !== undefined, run?.finishedAt !== undefined);
    },
    async cancel(id, by) {
      const run = all.runs.find((one) => one.id === id);
      return ask(`cancel ${id} by ${by}`, run !== undefined, run?.finishedAt === undefined);
    },
    async replay(guid, by) {
      return ask(
        `replay ${guid} by ${by}`,
        all.deliveries.some((delivery) => delivery.guid === guid),
        true,
      );
    },
  };
  return store;
}

function pageOf<T>(items: readonly T[], { before, limit }: PageRequest, key: (item: T) => string): Page<T> {
  const start = before === undefined ? 0 : items.findIndex((item) => key(item) === before) + 1;
  const shown = items.slice(start, start + limit);
  const last = shown.at(-1);
  return { items: shown, next: last === undefined || start + limit >= items.length ? undefined : key(last) };
}

/** A log of this text; `append` and `end` announce themselves. */
export function textLog(store: MemoryStore, id: string, start: string | Uint8Array, ended: boolean) {
  let content = Buffer.from(start);
  const log: WrittenLog = {
    ended,
    size: () => content.length,
    bytes: (offset, length) => content.subarray(offset, offset + length),
  };
  store.logs.set(id, log);
  return {
    append(text: string | Uint8Array) {
      content = Buffer.concat([content, Buffer.from(text)]);
      store.changed({ kind: 'log', id });
    },
    end() {
      log.ended = true;
      store.changed({ kind: 'log', id });
    },
  };
}

/** A finished run, changed as told. */
export function someRun(change: Partial<RunView> & Pick<RunView, 'id'>): RunView {
  return {
    kind: 'script',
    repo: 'gh:acme/app',
    ref: 'refs/heads/main',
    branch: 'main',
    sha: '4b825dc642cb6eb9a060e54bf8d69288fbee4904',
    commitUrl: 'https://github.com/acme/app/commit/4b825dc642cb6eb9a060e54bf8d69288fbee4904',
    change: undefined,
    name: 'unit',
    event: 'push',
    state: 'success',
    queuedAt: 1_763_700_000_000,
    startedAt: 1_763_700_001_000,
    finishedAt: 1_763_700_200_000,
    notBefore: undefined,
    lastLine: '',
    detail: '',
    attempt: 1,
    attempts: 1,
    dead: false,
    delivery: 'd-1',
    supersededBy: undefined,
    logBytes: 0,
    ...change,
  };
}

export function someDelivery(change: Partial<DeliveryDetail> & Pick<DeliveryDetail, 'guid'>): DeliveryDetail {
  const body = Buffer.from('{"ref":"refs/heads/main"}');
  return {
    source: 'acme-app',
    event: 'push',
    repo: 'gh:acme/app',
    receivedAt: 1_763_700_000_000,
    result: 'accepted',
    reason: '',
    bytes: body.length,
    repeats: 0,
    runs: { success: 1 },
    headers: { 'content-type': 'application/json', 'x-hub-signature-256': 'sha256=abcdef' },
    body,
    ...change,
  };
}
