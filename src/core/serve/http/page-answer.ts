import { assets } from '../web/assets/files.ts';
import type { View, Visitor } from '../web/layout.ts';
import type { ServerContext } from './context.ts';
import type { Guarded } from './guarded.ts';

/** Nothing but this server's own files, nothing inline, no frame around it. Origin stays on POST, which the check of origins needs. */
export const securityHeaders: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'same-origin',
  'x-frame-options': 'DENY',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
};

export const anonymous: Visitor = { name: undefined, mayAct: false, mayLogIn: false };

export function viewOf({ prefix, ports }: ServerContext, visitor: Visitor, dead: number): View {
  const { style, script, icon } = assets;
  return {
    prefix,
    visitor,
    now: ports.now(),
    dead,
    assets: { style: style.path, script: script.path, icon: icon.path },
  };
}

/** What a page needs besides its own content. */
export async function openView(context: ServerContext, { admission }: Guarded): Promise<View> {
  const queue = await context.ports.reads.queue();
  const dead = queue.reduce((sum, { state, count }) => sum + (state === 'dead' ? count : 0), 0);
  return viewOf(context, admission, dead);
}

export function sendPage({ reply }: Guarded, text: string): unknown {
  return reply.type('text/html; charset=utf-8').header('cache-control', 'private, no-cache').send(text);
}
