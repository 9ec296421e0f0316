import type { Segment } from '../ansi/segments.ts';
import { escapeText, html, type Markup, trusted } from '../html.ts';
import { sizeText } from '../words.ts';
import type { LogLine } from './lines.ts';
import type { LogWindow } from './window.ts';

/** Addresses without a query. */
export interface LogLinks {
  /** The page that shows this log; it takes `line` and `part`. */
  readonly page: string;
  readonly raw: string;
  /** Stream of what comes; it takes `from`. */
  readonly stream: string;
}

/** A log, or the part of it that was asked for, with the ways to the others. */
export function logView(window: LogWindow, links: LogLinks): Markup {
  const { first, last, count, ended, settled, end, size } = window;
  const follows = !ended && last === count - 1;
  const whole = ended && first === 0 && last === count - 1;
  const linePage = whole ? '' : links.page;
  const navigation = (place: string) => (first > 0 || last < count - 1) && partsNav(window, links.page, place);
  const lines = window.lines.map((line) => lineView(line, linePage));
  const partial = follows && settled < end && lines.length > 0;
  return html`<section class="log" aria-labelledby="log-title">
<div class="log-bar"><h2 id="log-title">Log</h2>
<span class="quiet" id="log-state" role="status">${follows ? 'The run writes on' : sizeText(size)}</span>
<a href="${links.raw}" download>Download</a></div>
${navigation('above')}
<p class="empty" id="log-empty"${trusted(size === 0 ? '' : ' hidden')}>${emptyText(ended)}</p>
<ol class="lines" id="lines" data-line-page="${linePage}"${follows && html` data-follow="${links.stream}" data-from="${settled}"`}${
    partial && trusted(' data-partial')
  }>${lines}</ol>
${navigation('below')}
</section>`;
}

function emptyText(ended: boolean): string {
  return ended ? 'The run ended without any output.' : 'Nothing is written yet. Output shows here as it comes.';
}

/** Numbers are links, so that a line can be shown to somebody else; the style sheet draws them, so that a selection copies none. */
function lineView({ number, segments }: LogLine, page: string): Markup {
  const href = `${page === '' ? '' : `${escapeText(page)}?line=${number}`}#L${number}`;
  const text = segments.map(segmentText).join('');
  return trusted(
    `<li id="L${number}"><a href="${href}" data-n="${number}" aria-label="Line ${number}"></a><span>${text}</span></li>\n`,
  );
}

/** The text was redacted before it was taken apart, for a colour may begin inside a secret. */
function segmentText({ text, classes }: Segment): string {
  return classes === '' ? escapeText(text) : `<span class="${escapeText(classes)}">${escapeText(text)}</span>`;
}

function partsNav({ first, last, count, start, end, size }: LogWindow, page: string, place: string): Markup {
  const link = (query: string, text: string) => html`<a href="${page}${query}#log-title">${text}</a> `;
  return html`<nav class="parts" aria-label="Parts of the log (${place})">
${first > 0 && [link('?part=0', 'Beginning'), link(`?part=${first - 1}`, 'Earlier')]}
<span class="quiet">${sizeText(end - start)} of ${sizeText(size)}</span>
${last < count - 1 && [link(`?part=${last + 1}`, 'Later'), link('', 'End')]}
</nav>`;
}
