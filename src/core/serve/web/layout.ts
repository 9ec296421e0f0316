import { type Address, addressOf } from './address.ts';
import { html, type Markup } from './html.ts';

/** Who looks, and what the page may offer. */
export interface Visitor {
  /** Undefined: somebody who did not log in. */
  readonly name: string | undefined;
  readonly mayAct: boolean;
  /** Nobody logged in, but could: the page shows the way. */
  readonly mayLogIn: boolean;
}

/** What every page needs to know. */
export interface View {
  /** Path under which a reverse proxy serves all this; '' or '/sluice'. */
  readonly prefix: string;
  readonly visitor: Visitor;
  readonly now: number;
  /** Dead letters there are; 0 hides the number. */
  readonly dead: number;
  readonly assets: { readonly style: string; readonly script: string; readonly icon: string };
}

export interface Content {
  readonly title: string;
  /** The entry of the navigation that this page belongs to. */
  readonly section: Section | undefined;
  readonly body: Markup;
  /** Seconds after which a browser without JavaScript loads the page again. */
  readonly refresh?: number | undefined;
  /** True: the browser loads the parts marked `data-live` again when something changes. */
  readonly live?: boolean;
}

const sections = [
  ['runs', 'Runs', '/runs'],
  ['deliveries', 'Deliveries', '/deliveries'],
  ['repositories', 'Repositories', '/repositories'],
  ['dead-letters', 'Dead letters', '/dead-letters'],
] as const;

export type Section = (typeof sections)[number][0];

/** A whole document. It works without JavaScript and has nothing inline, which the Content-Security-Policy would refuse. */
export function page(view: View, { title, section, body, refresh, live }: Content): string {
  const link = addressOf(view.prefix);
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title} · sluice</title>
<link rel="stylesheet" href="${link(view.assets.style)}">
<link rel="icon" href="${link(view.assets.icon)}" type="image/svg+xml">
<script src="${link(view.assets.script)}" defer></script>
${refresh !== undefined && html`<noscript><meta http-equiv="refresh" content="${refresh}"></noscript>`}
</head>
<body${live === true && html` data-events="${link('/events', { since: view.now })}"`}>
<a class="skip" href="#main">Skip to the content</a>
<header class="top"><div class="wrap">
<a class="brand" href="${link('/runs')}">sluice</a>
<nav aria-label="Main"><ul>${sections.map((entry) => sectionLink(view, link, entry, section))}</ul></nav>
${whoIsThere(view, link)}
</div></header>
<main id="main" class="wrap" tabindex="-1">
${body}
</main>
</body>
</html>
`.text;
}

function sectionLink(
  view: View,
  link: Address,
  [name, text, path]: (typeof sections)[number],
  current: Section | undefined,
): Markup {
  const count = name === 'dead-letters' && view.dead > 0 && html` <span class="count">${view.dead}</span>`;
  return html`<li><a href="${link(path)}"${name === current && html` aria-current="page"`}>${text}${count}</a></li>`;
}

function whoIsThere({ visitor }: View, link: Address): Markup {
  if (visitor.name !== undefined) return html`<span class="who"><bdi>${visitor.name}</bdi></span>`;
  return visitor.mayLogIn ? html`<a class="who" href="${link('/login')}">Log in</a>` : html``;
}
