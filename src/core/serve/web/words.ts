import { formatDuration } from '../../model/duration.ts';
import type { RunState } from '../read-model.ts';
import { html, type Markup } from './html.ts';

/** How people call a state, and a sign beside the word, so that colour never tells alone. */
export const stateWords: Readonly<Record<RunState, { readonly word: string; readonly sign: string }>> = {
  queued: { word: 'Queued', sign: '◷' },
  waiting: { word: 'Waiting', sign: '?' },
  running: { word: 'Running', sign: '●' },
  success: { word: 'Success', sign: '✓' },
  failure: { word: 'Failure', sign: '✗' },
  error: { word: 'Error', sign: '!' },
  'timed-out': { word: 'Timed out', sign: '◔' },
  cancelled: { word: 'Cancelled', sign: '⊘' },
  superseded: { word: 'Superseded', sign: '»' },
  skipped: { word: 'Skipped', sign: '–' },
};

export function stateBadge(state: RunState): Markup {
  const { word, sign } = stateWords[state];
  return html`<span class="state ${state}"><span class="sign" aria-hidden="true">${sign}</span> ${word}</span>`;
}

/** `3m ago` for people, the exact time for machines and on demand. */
export function timeAgo(at: number, now: number): Markup {
  const iso = isoTime(at);
  const text = at > now ? `in ${roughly(at - now)}` : `${roughly(now - at)} ago`;
  return html`<time datetime="${iso}" title="${iso.replace('T', ' ').replace('Z', ' UTC')}">${text}</time>`;
}

/** A time span with the precision that people want of it: `850ms`, `12s`, `3m20s`, `2h5m`, `4d`. */
export function spanText(ms: number): string {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))}ms`;
  if (ms < 3_600_000) return formatDuration(Math.round(ms / 1000) * 1000);
  return formatDuration(Math.round(ms / 60_000) * 60_000);
}

export function sizeText(bytes: number): string {
  if (bytes < 1000) return `${bytes} bytes`;
  const units = ['kB', 'MB', 'GB'];
  let value = bytes / 1000;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

/** Whole seconds since the epoch would be enough, but times of one second are told apart by their milliseconds. */
export function isoTime(at: number): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? '' : date.toISOString();
}

export function plural(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}

function roughly(ms: number): string {
  for (const [unit, size] of [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['m', 60_000],
  ] as const)
    if (ms >= size) return `${Math.floor(ms / size)}${unit}`;
  return `${Math.max(0, Math.floor(ms / 1000))}s`;
}
