import { addressOf, type Query } from './address.ts';
import { html, type Markup } from './html.ts';
import type { View } from './layout.ts';

/** The ways to older entries and back to the newest. Cursors lead only one way, so that new entries never shift a page. */
export function pager(
  { prefix }: View,
  path: string,
  query: Query,
  next: string | undefined,
  before: string | undefined,
): Markup {
  if (next === undefined && before === undefined) return html``;
  const link = addressOf(prefix);
  return html`<nav class="pager" aria-label="Pages">
${before !== undefined && html`<a href="${link(path, query)}">Newest</a>`}
${next !== undefined && html`<a href="${link(path, { ...query, before: next })}" rel="next">Older</a>`}
</nav>`;
}
