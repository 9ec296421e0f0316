import type { QueueDepth } from '../read-model.ts';

export type DeliveryOutcome =
  | 'accepted'
  | 'ignored'
  | 'duplicate'
  | 'ping'
  | 'unauthenticated'
  | 'unknown-source'
  | 'malformed'
  | 'too-large'
  | 'unavailable'
  | 'failed';

/** What is counted while the server runs, and how Prometheus gets it. Durations are seconds. */
export interface Metrics {
  /** One webhook answered; `source` is a configured name, or `unknown`. */
  delivery(source: string, outcome: DeliveryOutcome, seconds: number): void;
  /** One run ended. */
  job(kind: string, state: string, seconds: number): void;
  /** One request to a forge's API was answered, or not (`status` 0). */
  forgeRequest(forge: string, status: number): void;
  /** What the forge says is left of a rate limit; `resource` where it has several. */
  rateLimit(forge: string, resource: string | undefined, remaining: number): void;
  /** One run of git or exchange of its protocol. */
  git(operation: string, result: 'success' | 'failure', seconds: number): void;
  /** The text format, with the depth of the queue as it is now. */
  exposition(queue: readonly QueueDepth[]): Promise<{ readonly type: string; readonly text: string }>;
}

const answerBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];
const jobBuckets = [0.1, 0.5, 1, 2.5, 5, 15, 30, 60, 120, 300, 900, 1800, 3600];
const gitBuckets = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300];

/** A registry of its own, so that two servers in one process do not share numbers. */
export async function openMetrics(version: string): Promise<Metrics> {
  const { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } = await import('prom-client');
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const build = new Gauge({ name: 'sluice_build', help: 'Always 1', labelNames: ['version'], registers });
  build.set({ version }, 1);
  const deliveries = new Counter({
    name: 'sluice_deliveries_total',
    help: 'Webhook deliveries answered, by source and result',
    labelNames: ['source', 'result'],
    registers,
  });
  const answers = new Histogram({
    name: 'sluice_delivery_answer_seconds',
    help: 'Time from the first byte of a delivery to its answer',
    labelNames: ['source'],
    buckets: answerBuckets,
    registers,
  });
  const depth = new Gauge({
    name: 'sluice_queue_jobs',
    help: 'Jobs that wait, run, or were given up (dead), by kind',
    labelNames: ['kind', 'state'],
    registers,
  });
  const age = new Gauge({
    name: 'sluice_queue_oldest_seconds',
    help: 'Age of the oldest job in that state',
    labelNames: ['kind', 'state'],
    registers,
  });
  const jobs = new Histogram({
    name: 'sluice_job_seconds',
    help: 'Duration of ended jobs, by kind and state',
    labelNames: ['kind', 'state'],
    buckets: jobBuckets,
    registers,
  });
  const requests = new Counter({
    name: 'sluice_forge_requests_total',
    help: 'Requests to the API of a forge, by status (0: no answer)',
    labelNames: ['forge', 'status'],
    registers,
  });
  const remaining = new Gauge({
    name: 'sluice_forge_rate_limit_remaining',
    help: 'Requests that the forge still allows until its limit is reset',
    labelNames: ['forge', 'resource'],
    registers,
  });
  const git = new Histogram({
    name: 'sluice_git_seconds',
    help: 'Duration of git operations',
    labelNames: ['operation', 'result'],
    buckets: gitBuckets,
    registers,
  });
  return {
    delivery(source, outcome, seconds) {
      deliveries.inc({ source, result: outcome });
      answers.observe({ source }, seconds);
    },
    // A clock that was set back must not make a sum smaller.
    job: (kind, state, seconds) => jobs.observe({ kind, state }, Math.max(0, seconds)),
    forgeRequest: (forge, status) => requests.inc({ forge, status: String(status) }),
    rateLimit: (forge, resource, left) => remaining.set(resource === undefined ? { forge } : { forge, resource }, left),
    git: (operation, result, seconds) => git.observe({ operation, result }, seconds),
    async exposition(queue) {
      // A kind that left the queue must not keep its last number.
      depth.reset();
      age.reset();
      for (const { kind, state, count, oldestMs } of queue) {
        depth.set({ kind, state }, count);
        if (oldestMs !== undefined) age.set({ kind, state }, oldestMs / 1000);
      }
      return { type: registry.contentType, text: await registry.metrics() };
    },
  };
}
