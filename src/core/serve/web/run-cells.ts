import { shortOid } from '../../model/ref.ts';
import type { RunView } from '../read-model.ts';
import { html, type Markup } from './html.ts';
import { spanText } from './words.ts';

/** Text that leads to a forge's page where there is one; anything but http(s) is only text. */
export function outward(url: string | undefined, text: Markup): Markup {
  return url !== undefined && /^https?:\/\//i.test(url) ? html`<a href="${url}" rel="noreferrer">${text}</a>` : text;
}

/** The change request, or the branch, or the ref. */
export function subject({ change, branch, ref }: RunView): Markup {
  if (change !== undefined) return html`<bdi>#${change.number} ${change.title}</bdi>`;
  return html`<bdi class="ref">${branch ?? ref ?? ''}</bdi>`;
}

export function commit({ sha, commitUrl }: RunView): Markup {
  return sha === undefined ? html`` : outward(commitUrl, html`<code>${shortOid(sha)}</code>`);
}

/** How long it took, or has taken so far; the browser counts on where it can. */
export function duration({ startedAt, finishedAt }: RunView, now: number): Markup {
  if (startedAt === undefined) return html``;
  if (finishedAt !== undefined) return html`${spanText(finishedAt - startedAt)}`;
  return html`<span data-since="${startedAt}">${spanText(now - startedAt)}</span>`;
}
