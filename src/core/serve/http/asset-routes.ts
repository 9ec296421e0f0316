import type { FastifyInstance } from 'fastify';
import { assets } from '../web/assets/files.ts';
import { securityHeaders } from './page-answer.ts';

/** Style, script and icon: the same for everybody, so they need no login and are kept for a year. */
export function addAssetRoutes(app: FastifyInstance): void {
  for (const { path, type, body } of Object.values(assets))
    app.get(path, async (_request, reply) =>
      reply
        .headers(securityHeaders)
        .type(type)
        .header('cache-control', 'public, max-age=31536000, immutable')
        .send(body),
    );
}
