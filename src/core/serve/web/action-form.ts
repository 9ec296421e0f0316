import { addressOf } from './address.ts';
import { html, type Markup } from './html.ts';
import type { View } from './layout.ts';

/** A button that changes something: a form of its own, so that it works without JavaScript and never by following a link. */
export function actionForm({ prefix }: View, path: string, text: string, label: string): Markup {
  return html`<form class="action" method="post" action="${addressOf(prefix)(path)}"><button aria-label="${label}">${text}</button></form>`;
}
