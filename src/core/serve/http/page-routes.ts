import type { FastifyInstance } from 'fastify';
import { addressOf } from '../web/address.ts';
import { deliveriesPage } from '../web/deliveries-page.ts';
import { deliveryPage } from '../web/delivery-page.ts';
import { readWindow } from '../web/log/window.ts';
import { repositoriesPage } from '../web/repositories-page.ts';
import { runPage } from '../web/run-page.ts';
import { deadLettersPage, runsPage } from '../web/runs-page.ts';
import type { ServerContext } from './context.ts';
import { answerRefusal, reading } from './guard.ts';
import type { Guarded, GuardedHandler } from './guarded.ts';
import { openView, sendPage } from './page-answer.ts';
import { deliveryFilterOf, pageOf, queryOf, runFilterOf, textOf, wholeNumberOf } from './query.ts';

/** Runs of one delivery that its page lists; more are behind the filter of the runs. */
const runsOfDelivery = 100;

/** Said once on the page that an action leads back to. */
const notices: ReadonlyMap<string, string> = new Map([
  ['retry', 'The run is in the queue again.'],
  ['cancel', 'The run is cancelled.'],
  ['replay', 'The delivery is handled again, as if it had just come.'],
]);

/** The pages for people. */
export function addPageRoutes(app: FastifyInstance, context: ServerContext): void {
  const { reads } = context.ports;
  const link = addressOf(context.prefix);
  const page = (path: string, handle: GuardedHandler) => app.get(path, reading(context, 'page', handle));
  const noticeOf = ({ request }: Guarded) => notices.get(textOf(queryOf(request), 'done') ?? '');

  page('/', async ({ reply }) => reply.redirect(link('/runs')));

  page('/runs', async (guarded) => {
    const filter = runFilterOf(queryOf(guarded.request));
    const [view, runs, repositories] = await Promise.all([
      openView(context, guarded),
      reads.runs(filter),
      reads.repositories(),
    ]);
    const names = repositories.map(({ repo }) => repo);
    return sendPage(guarded, runsPage(view, runs, filter, names));
  });

  page('/dead-letters', async (guarded) => {
    const filter = { ...pageOf(queryOf(guarded.request)), dead: true };
    const [view, runs] = await Promise.all([openView(context, guarded), reads.runs(filter)]);
    return sendPage(guarded, deadLettersPage(view, runs, filter));
  });

  page('/runs/:id', async (guarded) => {
    const query = queryOf(guarded.request);
    const { id } = guarded.request.params as { id: string };
    const [view, run] = await Promise.all([openView(context, guarded), reads.run(id)]);
    if (run === undefined) return missing(context, guarded, 'there is no such run');
    const request = { line: wholeNumberOf(query, 'line'), part: wholeNumberOf(query, 'part') };
    const log = await readWindow(context.readLog, context.counter, id, request);
    return sendPage(guarded, runPage(view, run, log, noticeOf(guarded)));
  });

  page('/deliveries', async (guarded) => {
    const filter = deliveryFilterOf(queryOf(guarded.request));
    const [view, deliveries, sources] = await Promise.all([
      openView(context, guarded),
      reads.deliveries(filter),
      reads.sources(),
    ]);
    return sendPage(guarded, deliveriesPage(view, deliveries, filter, sources));
  });

  page('/deliveries/:guid', async (guarded) => {
    const { guid } = guarded.request.params as { guid: string };
    const [view, delivery, runs] = await Promise.all([
      openView(context, guarded),
      reads.delivery(guid),
      reads.runs({ delivery: guid, limit: runsOfDelivery }),
    ]);
    if (delivery === undefined) return missing(context, guarded, 'there is no such delivery');
    return sendPage(guarded, deliveryPage(view, delivery, runs.items, noticeOf(guarded)));
  });

  page('/repositories', async (guarded) => {
    const [view, repositories] = await Promise.all([openView(context, guarded), reads.repositories()]);
    return sendPage(guarded, repositoriesPage(view, repositories));
  });

  // Somebody who reads public pages gets the browser's question for name and password here.
  app.get(
    '/login',
    reading(context, 'page', async ({ reply, admission }) => {
      if (admission.name !== undefined || context.access.challenges.length === 0) return reply.redirect(link('/runs'));
      reply.header('www-authenticate', context.access.challenges);
      return answerRefusal(context, 'page', reply, 401, { error: 'you are not logged in' });
    }),
  );
}

function missing(context: ServerContext, { reply }: Guarded, error: string): unknown {
  return answerRefusal(context, 'page', reply, 404, {
    error,
    hint: 'It may have been removed: finished runs and their deliveries are kept for a limited time.',
  });
}
