import { html } from './html.ts';
import { page, type View } from './layout.ts';

/** What went wrong and what to do next, for a person. */
export function messagePage(view: View, title: string, sentence: string, hint: string | undefined): string {
  const body = html`<h1>${title}</h1><p>${sentence}</p>${hint !== undefined && html`<p class="quiet">${hint}</p>`}`;
  return page(view, { title, section: undefined, body });
}
