import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { redact } from '../../secret.ts';
import type { ReadLog } from '../web/log/parts.ts';
import type { ServerContext } from './context.ts';
import { answerRefusal, reading } from './guard.ts';
import type { Format, Guarded } from './guarded.ts';
import { queryOf, wholeNumberOf } from './query.ts';

const pieceBytes = 256 * 1024;

/** Logs and bodies as files. They are always attachments of a type that no browser runs. */
export function addDownloadRoutes(app: FastifyInstance, context: ServerContext): void {
  const { readLog } = context;
  const { reads } = context.ports;

  async function log(format: Format, guarded: Guarded): Promise<unknown> {
    const { request, reply } = guarded;
    const { id } = request.params as { id: string };
    const head = await readLog(id, { offset: 0, limit: 0 });
    if (head === undefined)
      return answerRefusal(context, format, reply, 404, { error: 'there is no log of such a run' });
    const from = wholeNumberOf(queryOf(request), 'from') ?? 0;
    attach(guarded, 'text/plain; charset=utf-8', `run-${id}.log`);
    reply.header('x-log-size', String(head.size)).header('x-log-ended', String(head.ended));
    return reply.send(Readable.from(redactedLog(readLog, id, from, head.size), { objectMode: false }));
  }

  async function body(format: Format, guarded: Guarded): Promise<unknown> {
    const { request, reply, admission } = guarded;
    if (!admission.mayAct)
      return answerRefusal(context, format, reply, 403, { error: 'only who is logged in may read what a forge sent' });
    const { guid } = request.params as { guid: string };
    const delivery = await reads.delivery(guid);
    if (delivery?.body === undefined)
      return answerRefusal(context, format, reply, 404, { error: 'there is no body of such a delivery' });
    attach(guarded, 'application/octet-stream', `delivery-${guid}`);
    return reply.send(Buffer.from(delivery.body.buffer, delivery.body.byteOffset, delivery.body.byteLength));
  }

  for (const [path, format] of [
    ['/runs/:id/log', 'page'],
    ['/api/v1/jobs/:id/log', 'json'],
  ] as const)
    app.get(
      path,
      { exposeHeadRoute: false },
      reading(context, format, async (guarded) => await log(format, guarded)),
    );
  for (const [path, format] of [
    ['/deliveries/:guid/body', 'page'],
    ['/api/v1/deliveries/:guid/body', 'json'],
  ] as const)
    app.get(
      path,
      reading(context, format, async (guarded) => await body(format, guarded)),
    );
}

function attach({ reply }: Guarded, type: string, name: string): void {
  reply
    .type(type)
    .header('cache-control', 'private, no-cache')
    .header('content-disposition', `attachment; filename="${name.replace(/[^\w.-]/g, '_')}"`);
}

/** The log in pieces that end with a line, so that no secret is cut in two where it would not be recognised. */
async function* redactedLog(read: ReadLog, id: string, from: number, size: number): AsyncGenerator<Buffer> {
  let rest = Buffer.alloc(0);
  for (let at = from; at < size; ) {
    const part = await read(id, { offset: at, limit: Math.min(pieceBytes, size - at) });
    if (part === undefined || part.bytes.length === 0) break;
    at += part.bytes.length;
    const bytes = Buffer.concat([rest, part.bytes]);
    const end = bytes.lastIndexOf(0x0a) + 1;
    // A line longer than a piece goes out as it comes: it is not kept in memory whole.
    const cut = end === 0 && bytes.length >= pieceBytes ? bytes.length : end;
    if (cut > 0) yield redacted(bytes.subarray(0, cut));
    rest = Buffer.from(bytes.subarray(cut));
  }
  if (rest.length > 0) yield redacted(rest);
}

/** Byte for byte the same, but for secrets: output need not be UTF-8. */
function redacted(bytes: Buffer): Buffer {
  return Buffer.from(redact(bytes.toString('latin1')), 'latin1');
}
