import type { FastifyReply, FastifyRequest } from 'fastify';
import { messagePage } from '../web/message-page.ts';
import type { ServerContext } from './context.ts';
import type { Format, GuardedHandler } from './guarded.ts';
import { anonymous, securityHeaders, viewOf } from './page-answer.ts';
import { isSameOrigin } from './same-origin.ts';

/** Lets in who may read, and puts the headers on every answer that a browser needs to keep a page harmless. */
export function reading(context: ServerContext, format: Format, handle: GuardedHandler) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    reply.headers(securityHeaders);
    const admission = context.access.admit(request.raw, context.peerOf(request.raw));
    if (admission === undefined) return await refuse(context, format, reply);
    return await handle({ request, reply, admission });
  };
}

/** Lets in who may act, and of those only who meant to: a foreign page can make a browser send a form, with its login. */
export function acting(context: ServerContext, format: Format, handle: GuardedHandler) {
  return reading(context, format, async (guarded) => {
    const { request, reply, admission } = guarded;
    if (!admission.mayAct) return await refuse(context, format, reply);
    const peer = context.peerOf(request.raw);
    if (admission.by === 'bearer' || isSameOrigin(request.raw, peer, context.options.baseUrl))
      return await handle(guarded);
    return answerRefusal(context, format, reply, 403, {
      error: 'this request did not come from a page of this server',
      hint: 'Use the button on the page itself. Programs send a bearer token; behind a reverse proxy, set serve.baseUrl.',
    });
  });
}

async function refuse(context: ServerContext, format: Format, reply: FastifyReply): Promise<unknown> {
  const { access } = context;
  if (access.challenges.length > 0) {
    reply.header('www-authenticate', access.challenges);
    return answerRefusal(context, format, reply, 401, {
      error: 'you are not logged in',
      hint: access.challenges.some((challenge) => challenge.startsWith('Basic'))
        ? 'Load the page again and enter user name and password.'
        : 'Send the configured token as "Authorization: Bearer TOKEN".',
    });
  }
  return answerRefusal(context, format, reply, 403, {
    error: access.open ? 'the proxy in front of this server did not say who you are' : 'these pages are closed',
    hint: access.open
      ? 'Its address must be in serve.trustProxy, and it must send the header that serve.auth.proxyHeader names.'
      : 'To open them, set serve.auth (basic, bearer or proxyHeader), or serve.public: true, in the configuration.',
  });
}

interface Refusal {
  readonly error: string;
  readonly hint: string;
}

export function answerRefusal(
  context: ServerContext,
  format: Format,
  reply: FastifyReply,
  status: number,
  { error, hint }: Refusal | { readonly error: string; readonly hint?: undefined },
): FastifyReply {
  reply.code(status).header('cache-control', 'no-store');
  if (format === 'json') return reply.send({ error, ...(hint === undefined ? {} : { hint }) });
  const sentence = `${error.slice(0, 1).toUpperCase()}${error.slice(1)}.`;
  const text = messagePage(viewOf(context, anonymous, 0), titles[status] ?? 'It did not work', sentence, hint);
  return reply.type('text/html; charset=utf-8').send(text);
}

const titles: Readonly<Record<number, string>> = {
  401: 'Log in',
  403: 'Not allowed',
  404: 'Not found',
  409: 'Not possible now',
  503: 'Not available',
};
