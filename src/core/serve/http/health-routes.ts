import type { FastifyInstance } from 'fastify';
import { toSluiceError } from '../../errors.ts';
import type { ServerContext } from './context.ts';

/** `/healthz`: the process lives. `/readyz`: it takes deliveries, which needs a store that can be written. Neither needs a login. */
export function addHealthRoutes(app: FastifyInstance, { options, ports, isStopping }: ServerContext): void {
  app.get('/healthz', async (_request, reply) => {
    reply.header('cache-control', 'no-store');
    return { status: 'ok', version: options.version };
  });
  app.get('/readyz', async (_request, reply) => {
    reply.header('cache-control', 'no-store');
    if (isStopping()) return reply.code(503).send({ status: 'stopping' });
    try {
      await ports.reads.writable();
      return { status: 'ok' };
    } catch (error) {
      // The reason may name files of this machine: it is for the log, and everybody may ask here.
      ports.log.error('not ready: the store cannot be written', { reason: toSluiceError(error).message });
      return reply.code(503).send({ status: 'unavailable', error: 'the store cannot be written' });
    }
  });
}
