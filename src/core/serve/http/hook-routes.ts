import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ReceiptAnswer } from '../receive.ts';
import { answerEarly, createBodyReader } from './body.ts';
import type { ServerContext } from './context.ts';
import type { DeliveryOutcome } from './metrics.ts';

type HookParams = { source?: string };

/** `POST /hooks/:source` and `POST /`: reads the bytes within limits and hands them on; everything else is the receiver's. */
export function addHookRoutes(app: FastifyInstance, { options, ports, peerOf }: ServerContext): void {
  const { bodyBytes, heldBytes } = options.limits;
  const readBody = createBodyReader(bodyBytes, heldBytes);
  const { metrics, log, receive } = ports;

  async function hook(request: FastifyRequest<{ Params: HookParams }>, reply: FastifyReply): Promise<unknown> {
    const started = performance.now();
    const { source } = request.params;
    const read = await readBody(request.raw);
    if (read.kind === 'aborted') return reply.hijack();
    if (read.kind !== 'whole') return await refuse(request, reply, read.kind, started);
    try {
      const { raw } = request;
      const sender = () => peerOf(raw).address;
      const answer = await receive({ source, headers: joined(raw.headers), body: read.bytes, sender });
      // A name that the receiver does not know gets no counter of its own: senders could fill the memory with names.
      const named = answer.status === 404 || answer.status === 401 ? 'unknown' : (source ?? 'only');
      metrics.delivery(named, outcomeOf(answer), secondsSince(started));
      if (answer.status === 503) reply.header('retry-after', '30');
      reply.code(answer.status).header('content-type', 'application/json; charset=utf-8');
      return reply.send(JSON.stringify(answer.body));
    } finally {
      read.release();
    }
  }

  async function refuse(
    request: FastifyRequest<{ Params: HookParams }>,
    reply: FastifyReply,
    kind: 'too-large' | 'busy',
    started: number,
  ): Promise<undefined> {
    const { source } = request.params;
    metrics.delivery('unknown', kind === 'busy' ? 'unavailable' : kind, secondsSince(started));
    reply.hijack();
    if (kind === 'busy') {
      log.warn('a delivery was sent away: too much is being received at once', { source });
      const body = { error: 'too much is being received at once', hint: 'Send it again later.' };
      await answerEarly(request.raw, reply.raw, 503, body);
      return undefined;
    }
    log.warn('a delivery was larger than the limit', { source, bodyLimit: bodyBytes });
    await answerEarly(request.raw, reply.raw, 413, {
      error: `the delivery is larger than ${bodyBytes} bytes`,
      hint: 'The limit is serve.bodyLimit in the configuration.',
    });
    return undefined;
  }

  app.post('/hooks/:source', hook);
  app.post('/', hook);
  app.get('/hooks/:source', async (_request, reply) => {
    reply.code(405).header('allow', 'POST');
    return { error: 'forges send their webhooks here, with POST', hint: 'People find the pages at /runs.' };
  });
}

function secondsSince(started: number): number {
  return (performance.now() - started) / 1000;
}

function outcomeOf({ status, body }: ReceiptAnswer): DeliveryOutcome {
  if (status === 200) return 'ping';
  if (status === 202) {
    if (body.duplicate === true) return 'duplicate';
    return body.jobs === 0 ? 'ignored' : 'accepted';
  }
  const outcomes: Readonly<Record<number, DeliveryOutcome>> = {
    400: 'malformed',
    401: 'unauthenticated',
    404: 'unknown-source',
    503: 'unavailable',
  };
  return outcomes[status] ?? 'failed';
}

/** Node joins what was sent several times, except for a few names that it gives as lists. */
function joined(headers: IncomingHttpHeaders): Readonly<Record<string, string>> {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers))
    if (value !== undefined) flat[name] = typeof value === 'string' ? value : value.join(', ');
  return flat;
}
