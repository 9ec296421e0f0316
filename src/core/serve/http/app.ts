import type { Server } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { errorTable, toSluiceError } from '../../errors.ts';
import { redact } from '../../secret.ts';
import { addActionRoutes } from './action-routes.ts';
import { addApiRoutes } from './api-routes.ts';
import { addAssetRoutes } from './asset-routes.ts';
import type { ServerContext } from './context.ts';
import { addDownloadRoutes } from './download-routes.ts';
import { answerRefusal } from './guard.ts';
import type { Format } from './guarded.ts';
import { addHealthRoutes } from './health-routes.ts';
import { addHookRoutes } from './hook-routes.ts';
import { type AnyServer, createHttpServer, refuseBadRequest } from './http-server.ts';
import { securityHeaders } from './page-answer.ts';
import { addPageRoutes } from './page-routes.ts';
import { addStreamRoutes } from './stream-routes.ts';
import type { KeyPair } from './tls.ts';

/** Longest part of a path that a route takes, percent-encoded. */
const longestParameter = 1000;

export interface App {
  readonly instance: FastifyInstance;
  readonly server: AnyServer;
}

/** Fastify with all routes, over a server that does not listen yet. */
export async function createApp(context: ServerContext, pair: KeyPair | undefined): Promise<App> {
  const { fastify } = await import('fastify');
  const { prefix, options } = context;
  const made = Promise.withResolvers<AnyServer>();
  const instance = fastify({
    serverFactory(listener) {
      const server = createHttpServer(listener, options.limits, pair);
      made.resolve(server);
      return server as Server;
    },
    clientErrorHandler: refuseBadRequest,
    // A proxy may pass the path of the base URL on, or take it off.
    rewriteUrl: ({ url = '/' }) => withoutPrefix(url, prefix),
    routerOptions: { maxParamLength: longestParameter, ignoreTrailingSlash: true },
    frameworkErrors: (error, request, reply) => void answerError(context, error, request, reply),
    logger: false,
  });
  // Bodies are read by the routes that want one, as raw bytes and within their limits.
  instance.removeAllContentTypeParsers();
  instance.addContentTypeParser('*', (_request, _payload, done) => done(null, undefined));
  instance.setErrorHandler((error, request, reply) => answerError(context, error, request, reply));
  instance.setNotFoundHandler(async (request, reply) => {
    reply.headers(securityHeaders);
    return answerRefusal(context, formatOf(request), reply, 404, { error: 'there is nothing at this address' });
  });
  for (const add of [
    addHookRoutes,
    addHealthRoutes,
    addAssetRoutes,
    addPageRoutes,
    addStreamRoutes,
    addDownloadRoutes,
    addActionRoutes,
    addApiRoutes,
  ])
    add(instance, context);
  await instance.ready();
  return { instance, server: await made.promise };
}

function answerError(
  context: ServerContext,
  thrown: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  reply.headers(securityHeaders);
  const format = formatOf(request);
  const { statusCode } = thrown as { readonly statusCode?: unknown };
  // Fastify's own refusals of a request: a path that cannot be decoded, a malformed Content-Type.
  if (typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500)
    return answerRefusal(context, format, reply, statusCode, { error: 'the request is malformed' });
  const error = toSluiceError(thrown);
  context.ports.log.error(`a request failed: ${error.message}`, {
    method: request.method,
    path: request.url.split('?')[0],
  });
  // What broke in here is for the log, not for whoever asked.
  const { http } = errorTable[error.code];
  const said = error.code === 'internal' ? 'something broke in sluice; its log says what' : redact(error.message);
  return answerRefusal(context, format, reply, http, { error: said });
}

/** People get pages, programs JSON. */
function formatOf({ url, method, headers }: FastifyRequest): Format {
  if (url.startsWith('/hooks/') || url.startsWith('/api/') || (method === 'POST' && url === '/')) return 'json';
  return headers.accept?.includes('text/html') === true ? 'page' : 'json';
}

function withoutPrefix(url: string, prefix: string): string {
  if (prefix === '' || !url.startsWith(prefix)) return url;
  const rest = url.slice(prefix.length);
  if (rest === '' || rest.startsWith('?')) return `/${rest}`;
  return rest.startsWith('/') ? rest : url;
}
