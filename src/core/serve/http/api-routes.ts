import type { FastifyInstance } from 'fastify';
import { redact } from '../../secret.ts';
import { readableHeaders } from '../web/delivery-body.ts';
import { isoTime } from '../web/words.ts';
import type { ServerContext } from './context.ts';
import { answerRefusal, reading } from './guard.ts';
import type { Guarded, GuardedHandler } from './guarded.ts';
import { deliveryFilterOf, queryOf, runFilterOf, textOf } from './query.ts';

/** What the pages show, as JSON. A run is called a job here, as on the command line. */
export function addApiRoutes(app: FastifyInstance, context: ServerContext): void {
  const { reads, metrics } = context.ports;
  const get = (path: string, handle: GuardedHandler) => app.get(path, reading(context, 'json', handle));

  get('/api/v1/jobs', async (guarded) => {
    const query = queryOf(guarded.request);
    const dead = textOf(query, 'dead') === 'true' ? { dead: true } : {};
    return sendJson(guarded, await reads.runs({ ...runFilterOf(query), ...dead }));
  });
  get('/api/v1/jobs/:id', async (guarded) => {
    const { id } = guarded.request.params as { id: string };
    return found(context, guarded, await reads.run(id));
  });
  get('/api/v1/deliveries', async (guarded) =>
    sendJson(guarded, await reads.deliveries(deliveryFilterOf(queryOf(guarded.request)))),
  );
  get('/api/v1/deliveries/:guid', async (guarded) => {
    const { guid } = guarded.request.params as { guid: string };
    const delivery = await reads.delivery(guid);
    if (delivery === undefined) return found(context, guarded, delivery);
    // The body is a download of its own; headers and body are for those who are logged in, as on the pages.
    const { body, headers, ...rest } = delivery;
    const kept = { ...rest, bodyKept: body !== undefined };
    return sendJson(
      guarded,
      guarded.admission.mayAct ? { ...kept, headers: Object.fromEntries(readableHeaders(headers)) } : kept,
    );
  });
  get('/api/v1/repositories', async (guarded) => sendJson(guarded, { items: await reads.repositories() }));
  get('/api/v1/sources', async (guarded) => sendJson(guarded, { items: await reads.sources() }));
  get('/api/v1/queue', async (guarded) => sendJson(guarded, { items: await reads.queue() }));
  get('/api/*', async ({ reply }) =>
    answerRefusal(context, 'json', reply, 404, { error: 'there is no such resource' }),
  );

  get('/metrics', async ({ reply }) => {
    const { type, text } = await metrics.exposition(await reads.queue());
    return reply.type(type).header('cache-control', 'no-store').send(text);
  });
}

function found(context: ServerContext, guarded: Guarded, value: object | undefined): unknown {
  if (value !== undefined) return sendJson(guarded, value);
  return answerRefusal(context, 'json', guarded.reply, 404, { error: 'there is no such entry' });
}

function sendJson({ reply }: Guarded, value: object): unknown {
  return reply
    .type('application/json; charset=utf-8')
    .header('cache-control', 'private, no-cache')
    .send(JSON.stringify(value, asApi));
}

/** Times as ISO 8601 instead of milliseconds, and no text with a known secret in it. */
function asApi(name: string, value: unknown): unknown {
  if (typeof value === 'string') return redact(value);
  return typeof value === 'number' && /(?:At|^at|^notBefore)$/.test(name) ? isoTime(value) : value;
}
