import type { FastifyInstance } from 'fastify';
import type { ServerContext } from './context.ts';
import type { EventStream } from './event-stream.ts';
import { answerRefusal, reading } from './guard.ts';
import type { Guarded } from './guarded.ts';
import { streamLog } from './log-stream.ts';
import { securityHeaders } from './page-answer.ts';
import { queryOf, wholeNumberOf } from './query.ts';

/** Changes of a second are one event: a page is fetched again for each. */
const gatherMs = 1000;

/** Live streams: a log as it grows, and "something changed" for the lists. */
export function addStreamRoutes(app: FastifyInstance, context: ServerContext): void {
  const { ports, hub, streams, readLog, counter } = context;

  function open({ reply }: Guarded): EventStream | undefined {
    const stream = context.isStopping() ? undefined : streams.open(reply.raw, securityHeaders);
    if (stream !== undefined) reply.hijack();
    return stream;
  }

  async function log(guarded: Guarded): Promise<unknown> {
    const { request, reply } = guarded;
    const { id } = request.params as { id: string };
    if ((await readLog(id, { offset: 0, limit: 0 })) === undefined)
      return answerRefusal(context, 'json', reply, 404, { error: 'there is no log of such a run' });
    // The browser says where it was cut off; it is right even when the address says where it began.
    const last = request.headers['last-event-id'];
    const from = wholeNumberOf({ from: last }, 'from') ?? wholeNumberOf(queryOf(request), 'from') ?? 0;
    const stream = open(guarded);
    if (stream === undefined) return busy(context, guarded);
    streamLog({ readLog, counter, hub }, stream, id, from).catch((error: unknown) => {
      ports.log.warn('a live log broke off', { id, reason: String(error) });
      stream.end();
    });
    return undefined;
  }

  async function changes(guarded: Guarded): Promise<unknown> {
    const since = wholeNumberOf(queryOf(guarded.request), 'since');
    const stream = open(guarded);
    if (stream === undefined) return busy(context, guarded);
    let timer: NodeJS.Timeout | undefined;
    const tell = () => {
      timer ??= setTimeout(() => {
        timer = undefined;
        void stream.send({ name: 'change', data: {} });
      }, gatherMs);
    };
    const unsubscribe = hub.subscribe(({ kind }) => kind !== 'log' && tell());
    stream.signal.addEventListener('abort', () => {
      unsubscribe();
      clearTimeout(timer);
    });
    // What changed between the making of the page and now.
    if (since !== undefined && hub.lastAt() >= since) tell();
    return undefined;
  }

  const unlisted = { exposeHeadRoute: false };
  app.get('/runs/:id/events', unlisted, reading(context, 'json', log));
  app.get('/events', unlisted, reading(context, 'json', changes));
}

function busy(context: ServerContext, { reply }: Guarded): unknown {
  reply.header('retry-after', '10');
  return answerRefusal(context, 'json', reply, 503, {
    error: 'too many live pages are open, or the server is stopping',
  });
}
