import type { RepositoryHealth } from '../read-model.ts';
import { addressOf, runPath } from './address.ts';
import { html, type Markup } from './html.ts';
import { page, type View } from './layout.ts';
import { outward } from './run-cells.ts';
import { stateBadge, timeAgo } from './words.ts';

const healthWords: Readonly<Record<RepositoryHealth['health'], { readonly word: string; readonly sign: string }>> = {
  ok: { word: 'Healthy', sign: '✓' },
  failing: { word: 'Failing', sign: '✗' },
  unreachable: { word: 'Unreachable', sign: '!' },
  quiet: { word: 'Not heard of', sign: '–' },
};

/** Every configured repository and how it does. */
export function repositoriesPage(view: View, repositories: readonly RepositoryHealth[]): string {
  const none = html`<div class="empty"><p>No repository is configured.</p>
<p>Add one under <code>repositories</code> of <code>sluice.yaml</code>, or start with <code>sluice serve --repo</code>.</p></div>`;
  const body = html`<h1>Repositories</h1>
<div data-live="repositories">${repositories.length === 0 ? none : table(view, repositories)}</div>`;
  return page(view, { title: 'Repositories', section: 'repositories', body, live: true, refresh: 30 });
}

function table(view: View, repositories: readonly RepositoryHealth[]): Markup {
  return html`<table class="list repositories">
<thead><tr><th scope="col">Health</th><th scope="col">Repository</th><th scope="col">Last run</th><th scope="col">Last delivery</th><th scope="col">Last compared</th><th scope="col">Queue</th></tr></thead>
<tbody>${repositories.map((repository) => row(view, repository))}</tbody></table>`;
}

function row({ prefix, now }: View, repository: RepositoryHealth): Markup {
  const { repo, lastRun, lastDeliveryAt, lastReconciledAt, detail, health } = repository;
  const { word, sign } = healthWords[health];
  const link = addressOf(prefix);
  const when = (at: number | undefined) =>
    at === undefined ? html`<span class="quiet">never</span>` : timeAgo(at, now);
  return html`<tr><td><span class="state ${health}"><span class="sign" aria-hidden="true">${sign}</span> ${word}</span></td>
<th scope="row"><a class="title" href="${link('/runs', { repo })}"><bdi>${repo}</bdi></a>${
    repository.url !== undefined && html` ${outward(repository.url, html`<span class="quiet">at the forge</span>`)}`
  }${detail !== '' && html`<span class="note"><bdi>${detail}</bdi></span>`}</th>
<td data-label="Last run">${lastRun === undefined ? when(undefined) : html`<a href="${link(runPath(lastRun.id))}">${stateBadge(lastRun.state)}</a> ${timeAgo(lastRun.at, now)}`}</td>
<td data-label="Last delivery">${when(lastDeliveryAt)}</td>
<td data-label="Last compared">${when(lastReconciledAt)}</td>
<td>${queueText(repository)}</td></tr>
`;
}

function queueText({ queued, running, dead }: RepositoryHealth): string {
  const parts = [running > 0 && `${running} running`, queued > 0 && `${queued} queued`, dead > 0 && `${dead} given up`];
  return parts.filter((part) => part !== false).join(', ');
}
