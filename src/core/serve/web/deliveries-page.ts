import type { DeliveryFilter, DeliveryResult, DeliveryView, Page, RunState } from '../read-model.ts';
import { deliveryResults, runStates } from '../read-model.ts';
import { addressOf, deliveryPath } from './address.ts';
import { html, type Markup } from './html.ts';
import { page, type View } from './layout.ts';
import { pager } from './pager.ts';
import { plural, stateWords, timeAgo } from './words.ts';

const resultWords: Readonly<Record<(typeof deliveryResults)[number], string>> = {
  accepted: 'Accepted',
  ignored: 'Nothing to do',
  duplicate: 'Sent again',
};

export function resultBadge(result: DeliveryResult): Markup {
  return html`<span class="state ${result}">${resultWords[result]}</span>`;
}

/** Deliveries of a filter, newest first. */
export function deliveriesPage(
  view: View,
  deliveries: Page<DeliveryView>,
  filter: DeliveryFilter,
  sources: readonly string[],
): string {
  const { source, repo, result, before, limit: _ } = filter;
  const list = deliveries.items.length === 0 ? nothing(view, filter, sources) : table(view, deliveries.items);
  const body = html`<h1>Deliveries</h1>
${filterForm(view, filter, sources)}
<div data-live="deliveries">${list}
${pager(view, '/deliveries', { source, repo, result }, deliveries.next, before)}</div>`;
  return page(view, { title: 'Deliveries', section: 'deliveries', body, live: true, refresh: 30 });
}

function table(view: View, deliveries: readonly DeliveryView[]): Markup {
  return html`<table class="list deliveries">
<thead><tr><th scope="col">Result</th><th scope="col">Event</th><th scope="col">Repository</th><th scope="col">Runs</th><th scope="col">Received</th></tr></thead>
<tbody>${deliveries.map((delivery) => row(view, delivery))}</tbody></table>`;
}

function row({ prefix, now }: View, delivery: DeliveryView): Markup {
  const { guid, reason, repeats } = delivery;
  return html`<tr><td>${resultBadge(delivery.result)}</td>
<th scope="row"><a class="title" href="${addressOf(prefix)(deliveryPath(guid))}">${delivery.event}</a><span class="note"><code>${guid}</code>${
    repeats > 0 && ` · sent again ${plural(repeats, 'time', 'times')}`
  }</span></th>
<td><bdi>${delivery.repo ?? ''}</bdi><span class="note">${delivery.source}</span></td>
<td>${reason !== '' ? html`<span class="note"><bdi>${reason}</bdi></span>` : runCounts(delivery)}</td>
<td>${timeAgo(delivery.receivedAt, now)}</td></tr>
`;
}

/** `2 success, 1 failure`, in the order of the states. */
function runCounts({ runs }: Pick<DeliveryView, 'runs'>): Markup {
  const counted = runStates.flatMap((state: RunState) => {
    const count = runs[state] ?? 0;
    return count === 0
      ? []
      : [html`<span class="state ${state}">${count} ${stateWords[state].word.toLowerCase()}</span> `];
  });
  return html`${counted}`;
}

function filterForm(view: View, { source, repo, result }: DeliveryFilter, sources: readonly string[]): Markup {
  const link = addressOf(view.prefix);
  const option = (value: string, text: string, chosen: string | undefined) =>
    html`<option value="${value}"${value === chosen && html` selected`}>${text}</option>`;
  return html`<form class="filter" method="get" action="${link('/deliveries')}" role="search" aria-label="Filter deliveries">
<label>Source <select name="source"><option value="">Any</option>${sources.map((name) => option(name, name, source))}</select></label>
<label>Repository <input name="repo" value="${repo ?? ''}" autocomplete="off" spellcheck="false"></label>
<label>Result <select name="result"><option value="">Any</option>${deliveryResults.map((name) => option(name, resultWords[name], result))}</select></label>
<button>Filter</button>
${(source ?? repo ?? result) !== undefined && html`<a href="${link('/deliveries')}">Clear</a>`}
</form>`;
}

function nothing(view: View, { source, repo, result, before }: DeliveryFilter, sources: readonly string[]): Markup {
  const link = addressOf(view.prefix);
  if (before !== undefined) return html`<div class="empty"><p>There are no older deliveries.</p></div>`;
  if ((source ?? repo ?? result) !== undefined)
    return html`<div class="empty"><p>No delivery matches this filter. <a href="${link('/deliveries')}">Show all deliveries</a></p></div>`;
  return html`<div class="empty"><p>No webhook has arrived yet.</p>
<p>${
    sources.length === 0
      ? 'No source is configured: add a repository with a webhook secret to the configuration.'
      : html`Forges send them to ${sources.map((name) => html`<code>${link(`/hooks/${encodeURIComponent(name)}`)}</code> `)} of this server.
A delivery with a wrong signature is refused and not listed here; the forge’s own page of the webhook shows what it was answered.`
  }</p></div>`;
}
