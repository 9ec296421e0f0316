import type { Page, RunFilter, RunState, RunView } from '../read-model.ts';
import { runStates } from '../read-model.ts';
import { addressOf, type Query, runPath } from './address.ts';
import { html, type Markup } from './html.ts';
import { page, type View } from './layout.ts';
import { pager } from './pager.ts';
import { commit, duration, subject } from './run-cells.ts';
import { stateBadge, stateWords, timeAgo } from './words.ts';

/** Runs of a filter, newest first. `repositories` are offered while typing. */
export function runsPage(view: View, runs: Page<RunView>, filter: RunFilter, repositories: readonly string[]): string {
  const body = html`<h1>Runs</h1>
${filterForm(view, filter, repositories)}
<div data-live="runs">${runs.items.length === 0 ? nothing(view, filter) : runTable(view, runs.items)}
${pager(view, '/runs', filterQuery(filter), runs.next, filter.before)}</div>`;
  return page(view, { title: 'Runs', section: 'runs', body, live: true, refresh: 30 });
}

/** Runs that did not succeed and wait for somebody who retries them, or for a newer one of their branch. */
export function deadLettersPage(view: View, runs: Page<RunView>, filter: RunFilter): string {
  const list = html`<p>These runs did not succeed, and no newer one has taken their place. Open one to see why; when the cause is mended,
retry it.</p>${runTable(view, runs.items)}`;
  const none = html`<div class="empty"><p>No dead letters.</p>
<p>A run comes here when it did not succeed and will not be tried again by itself. It leaves when somebody retries it, or when a newer run
takes its place.</p></div>`;
  const body = html`<h1>Dead letters</h1>
<div data-live="dead">${runs.items.length === 0 ? none : list}
${pager(view, '/dead-letters', {}, runs.next, filter.before)}</div>`;
  return page(view, { title: 'Dead letters', section: 'dead-letters', body, live: true, refresh: 30 });
}

export function runTable(view: View, runs: readonly RunView[]): Markup {
  return html`<table class="list runs">
<thead><tr><th scope="col">State</th><th scope="col">Run</th><th scope="col">For</th><th scope="col">Commit</th><th scope="col">Queued</th><th scope="col" class="number">Took</th></tr></thead>
<tbody>${runs.map((run) => runRow(view, run))}</tbody></table>`;
}

function runRow({ prefix, now }: View, run: RunView): Markup {
  const note = run.detail !== '' ? run.detail : run.lastLine;
  return html`<tr><td>${stateBadge(run.state)}</td>
<th scope="row"><a class="title" href="${addressOf(prefix)(runPath(run.id))}">${run.name} <span class="quiet">#${run.id}</span></a>${
    note !== '' && html`<span class="note"><bdi>${note}</bdi></span>`
  }</th>
<td>${subject(run)}<span class="note"><bdi>${run.repo}</bdi> · ${run.event}</span></td>
<td>${commit(run)}</td>
<td>${timeAgo(run.queuedAt, now)}</td>
<td class="number">${duration(run, now)}</td></tr>
`;
}

function filterForm(view: View, filter: RunFilter, repositories: readonly string[]): Markup {
  const link = addressOf(view.prefix);
  const chosen = filter.states?.length === 1 ? filter.states[0] : undefined;
  const filtered = filter.repo !== undefined || filter.branch !== undefined || filter.states !== undefined;
  return html`<form class="filter" method="get" action="${link('/runs')}" role="search" aria-label="Filter runs">
<label>Repository <input name="repo" value="${filter.repo ?? ''}" list="repositories" autocomplete="off" spellcheck="false"></label>
<datalist id="repositories">${repositories.map((repo) => html`<option value="${repo}"></option>`)}</datalist>
<label>Branch <input name="branch" value="${filter.branch ?? ''}" autocomplete="off" autocapitalize="none" spellcheck="false"></label>
<label>State <select name="state"><option value="">Any</option>${runStates.map((state) => stateOption(state, chosen))}</select></label>
${filter.delivery !== undefined && html`<input type="hidden" name="delivery" value="${filter.delivery}">`}
<button>Filter</button>
${(filtered || filter.delivery !== undefined) && html`<a href="${link('/runs')}">Clear</a>`}
</form>`;
}

function stateOption(state: RunState, chosen: RunState | undefined): Markup {
  return html`<option value="${state}"${state === chosen && html` selected`}>${stateWords[state].word}</option>`;
}

function filterQuery({ repo, branch, states, delivery }: RunFilter): Query {
  return { repo, branch, state: states?.length === 1 ? states[0] : undefined, delivery };
}

function nothing(view: View, { repo, branch, states, delivery, before }: RunFilter): Markup {
  const link = addressOf(view.prefix);
  if (before !== undefined) return html`<div class="empty"><p>There are no older runs.</p></div>`;
  if (repo !== undefined || branch !== undefined || states !== undefined || delivery !== undefined)
    return html`<div class="empty"><p>No run matches this filter.</p>
<p>Repository and branch are compared as a whole, for example <code>gh:acme/app</code> and <code>feature/login</code>. <a href="${link('/runs')}">Show all runs</a></p></div>`;
  return html`<div class="empty"><p>Nothing has run yet.</p>
<p>A run begins when a forge sends a webhook for a configured repository. Has one arrived? See <a href="${link('/deliveries')}">deliveries</a>.
Is the webhook registered? <code>sluice serve --register</code> does it, and <a href="${link('/repositories')}">repositories</a> shows who was heard of.</p></div>`;
}
