import type { FastifyInstance } from 'fastify';
import type { ActionOutcome } from '../read-model.ts';
import { addressOf, deliveryPath, runPath } from '../web/address.ts';
import type { ServerContext } from './context.ts';
import { acting, answerRefusal } from './guard.ts';
import type { Format, Guarded } from './guarded.ts';

interface Action {
  readonly name: 'retry' | 'cancel' | 'replay';
  readonly paths: Readonly<Record<Format, string>>;
  readonly act: (id: string, by: string) => Promise<ActionOutcome>;
  /** The page of what it was done to. */
  readonly back: (id: string) => string;
}

/** What people and programs may do: the buttons of the pages, and the same as JSON. */
export function addActionRoutes(app: FastifyInstance, context: ServerContext): void {
  const { actions, log } = context.ports;
  const link = addressOf(context.prefix);
  const all: readonly Action[] = [
    { name: 'retry', paths: jobPaths('retry'), act: (id, by) => actions.retry(id, by), back: runPath },
    { name: 'cancel', paths: jobPaths('cancel'), act: (id, by) => actions.cancel(id, by), back: runPath },
    {
      name: 'replay',
      paths: { page: '/deliveries/:id/replay', json: '/api/v1/deliveries/:id/replay' },
      act: (id, by) => actions.replay(id, by),
      back: deliveryPath,
    },
  ];

  async function run(action: Action, format: Format, { request, reply, admission }: Guarded): Promise<unknown> {
    const { id } = request.params as { id: string };
    const by = admission.name ?? admission.by;
    const outcome = await action.act(id, by);
    if (!outcome.done) {
      log.info(`${by} asked to ${action.name} ${id} in vain: ${outcome.reason}`);
      const status = outcome.refused === 'not-found' ? 404 : 409;
      return answerRefusal(context, format, reply, status, { error: outcome.reason });
    }
    if (format === 'json') return { message: outcome.message };
    return reply.redirect(link(action.back(id), { done: action.name }), 303);
  }

  for (const action of all)
    for (const format of ['page', 'json'] as const)
      app.post(
        action.paths[format],
        acting(context, format, async (guarded) => await run(action, format, guarded)),
      );
}

function jobPaths(name: string): Action['paths'] {
  return { page: `/runs/:id/${name}`, json: `/api/v1/jobs/:id/${name}` };
}
