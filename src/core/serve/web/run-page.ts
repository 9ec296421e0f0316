import type { RunView } from '../read-model.ts';
import { actionForm } from './action-form.ts';
import { addressOf, deliveryPath, runPath } from './address.ts';
import { html, type Markup } from './html.ts';
import { page, type View } from './layout.ts';
import { logView } from './log/view.ts';
import type { LogWindow } from './log/window.ts';
import { commit, duration, outward, subject } from './run-cells.ts';
import { stateBadge, stateWords, timeAgo } from './words.ts';

/** Runs in these states come to an end without anybody's doing, or by somebody's. */
const unfinished = ['queued', 'waiting', 'running'] as const satisfies readonly RunView['state'][];

function isUnfinished({ state }: Pick<RunView, 'state'>): boolean {
  return unfinished.some((name) => name === state);
}

/** One run with its log. `log` is undefined for a run that has none. `notice` is said once, after an action. */
export function runPage(view: View, run: RunView, log: LogWindow | undefined, notice: string | undefined): string {
  const link = addressOf(view.prefix);
  const path = runPath(run.id);
  const links = { page: link(path), raw: link(`${path}/log`), stream: link(`${path}/events`) };
  const going = isUnfinished(run);
  const body = html`${notice !== undefined && html`<p class="notice" role="status">${notice}</p>`}
<div id="run" data-live="run">${runHead(view, run)}</div>
${going && html`<noscript><p class="quiet">This page loads again every 10 seconds. <a href="${link(path)}">Load it now</a></p></noscript>`}
${log === undefined ? noLog(run) : logView(log, links)}`;
  const title = `${stateWords[run.state].word}: ${run.name} #${run.id}`;
  return page(view, { title, section: 'runs', body, live: going, refresh: going ? 10 : undefined });
}

function runHead(view: View, run: RunView): Markup {
  const { now } = view;
  const link = addressOf(view.prefix);
  const { change } = run;
  return html`<div class="head"><h1>${run.name} <span class="quiet">#${run.id}</span></h1>${stateBadge(run.state)}
${view.visitor.mayAct && actions(view, run)}</div>
${run.detail !== '' && html`<p class="detail ${run.state}"><bdi>${run.detail}</bdi></p>`}
<dl class="facts">
${fact('Repository', html`<a href="${link('/runs', { repo: run.repo })}"><bdi>${run.repo}</bdi></a>`)}
${change !== undefined && fact(capital(change.word), outward(change.url, subject(run)))}
${run.branch !== undefined && fact('Branch', html`<a href="${link('/runs', { repo: run.repo, branch: run.branch })}"><bdi class="ref">${run.branch}</bdi></a>`)}
${run.sha !== undefined && fact('Commit', commit(run))}
${fact('Event', run.delivery === undefined ? html`${run.event}` : html`<a href="${link(deliveryPath(run.delivery))}">${run.event}</a>`)}
${fact('Queued', timeAgo(run.queuedAt, now))}
${run.startedAt !== undefined && fact('Started', timeAgo(run.startedAt, now))}
${run.startedAt !== undefined && fact(run.finishedAt === undefined ? 'Running for' : 'Took', duration(run, now))}
${run.notBefore !== undefined && fact('Next attempt', timeAgo(run.notBefore, now))}
${run.attempt > 1 && fact('Attempt', html`${run.attempt} of ${run.attempts}`)}
${run.supersededBy !== undefined && fact('Superseded by', html`<a href="${link(runPath(run.supersededBy))}">#${run.supersededBy}</a>`)}
</dl>
${run.lastLine !== '' && html`<p class="last-line"><span class="quiet">Last line</span> <code>${run.lastLine}</code></p>`}`;
}

function fact(name: string, value: Markup): Markup {
  return html`<div><dt>${name}</dt><dd>${value}</dd></div>`;
}

function actions(view: View, run: RunView): Markup {
  const path = runPath(run.id);
  return isUnfinished(run)
    ? actionForm(view, `${path}/cancel`, 'Cancel', `Cancel run #${run.id}`)
    : actionForm(view, `${path}/retry`, 'Retry', `Retry run #${run.id}`);
}

function noLog(run: RunView): Markup {
  if (run.state === 'queued') return html`<p class="empty">There is no log yet: the run has not started.</p>`;
  if (run.state === 'waiting')
    return html`<p class="empty">There is no log yet: the run waits for a person, as said above.</p>`;
  return html`<p class="empty">There is no log of this run: it wrote none, or its log was removed after the time that logs are kept.</p>`;
}

function capital(word: string): string {
  return word.slice(0, 1).toUpperCase() + word.slice(1);
}
