import type { DeliveryDetail, RunView } from '../read-model.ts';
import { actionForm } from './action-form.ts';
import { addressOf, deliveryPath } from './address.ts';
import { resultBadge } from './deliveries-page.ts';
import { readableBody, readableHeaders } from './delivery-body.ts';
import { html, type Markup } from './html.ts';
import { page, type View } from './layout.ts';
import { runTable } from './runs-page.ts';
import { plural, sizeText, timeAgo } from './words.ts';

/** One delivery. What the forge wrote is shown to people who are logged in: on public pages it may tell of private things. */
export function deliveryPage(
  view: View,
  delivery: DeliveryDetail,
  runs: readonly RunView[],
  notice: string | undefined,
): string {
  const path = deliveryPath(delivery.guid);
  const body = html`${notice !== undefined && html`<p class="notice" role="status">${notice}</p>`}
<div class="head"><h1>${delivery.event}</h1>${resultBadge(delivery.result)}
${view.visitor.mayAct && delivery.body !== undefined && actionForm(view, `${path}/replay`, 'Replay', 'Replay this delivery')}</div>
${delivery.reason !== '' && html`<p class="detail"><bdi>${delivery.reason}</bdi></p>`}
<dl class="facts">
<div><dt>Delivery</dt><dd><code>${delivery.guid}</code></dd></div>
<div><dt>Source</dt><dd>${delivery.source}</dd></div>
${delivery.repo !== undefined && html`<div><dt>Repository</dt><dd><bdi>${delivery.repo}</bdi></dd></div>`}
<div><dt>Received</dt><dd>${timeAgo(delivery.receivedAt, view.now)}</dd></div>
<div><dt>Size</dt><dd>${sizeText(delivery.bytes)}</dd></div>
${delivery.repeats > 0 && html`<div><dt>Sent again</dt><dd>${plural(delivery.repeats, 'time', 'times')}</dd></div>`}
</dl>
<h2>Runs</h2>
<div data-live="runs">${runs.length === 0 ? html`<p class="quiet">It led to no run.</p>` : runTable(view, runs)}</div>
${view.visitor.mayAct ? contents(view, delivery) : html`<p class="quiet">Log in to see its headers and body.</p>`}`;
  return page(view, { title: `Delivery ${delivery.guid}`, section: 'deliveries', body, live: true });
}

function contents(view: View, delivery: DeliveryDetail): Markup {
  const raw = addressOf(view.prefix)(`${deliveryPath(delivery.guid)}/body`);
  return html`<h2>Headers</h2>
<table class="headers"><tbody>${readableHeaders(delivery.headers).map(
    ([name, value]) => html`<tr><th scope="row">${name}</th><td>${value}</td></tr>`,
  )}</tbody></table>
<h2>Body</h2>
${
  delivery.body === undefined
    ? html`<p class="empty">The body was removed after the time that bodies are kept; the delivery cannot be replayed any more.</p>`
    : html`<p><a href="${raw}" download>Download as received</a></p>
<pre class="body" tabindex="0" aria-label="Body">${readableBody(delivery.body)}</pre>`
}`;
}
