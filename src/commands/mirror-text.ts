import { styleText } from 'node:util';
import type { MirrorReport, RefReport, RefStatus } from '../core/mirror/report.ts';
import { shortName, shortOid } from '../core/model/ref.ts';
import { printable, table } from '../core/ui/table.ts';

const colours = {
  created: 'green',
  updated: 'green',
  forced: 'yellow',
  deleted: 'yellow',
  unchanged: 'dim',
  refused: 'red',
} as const satisfies Record<RefStatus, string>;

/** The report for a person: a line per ref that is not simply unchanged, and one sentence. With --quiet only refusals. */
export function mirrorText(report: MirrorReport, { quiet }: { readonly quiet: boolean }): string {
  const shown = report.refs.filter((ref) => ref.status === 'refused' || (!quiet && ref.status !== 'unchanged'));
  const rows = table(shown.map(row));
  if (quiet) return rows;
  const messages = report.messages.map((message) => `remote: ${printable(message)}`);
  return [...(rows === '' ? [] : [rows]), ...messages, sentence(report)].join('\n');
}

function row(ref: RefReport): readonly string[] {
  const name = ref.source === undefined ? '' : `${printable(shortName(ref.source))} → `;
  const status = styleText(colours[ref.status], ref.status, { stream: process.stdout });
  return [
    status,
    `${name}${printable(shortName(ref.target))}`,
    ref.reason === undefined ? values(ref) : printable(ref.reason),
  ];
}

function values({ old, new: now }: RefReport): string {
  if (old === undefined) return now === undefined ? '' : shortOid(now);
  return now === undefined ? `was ${shortOid(old)}` : `${shortOid(old)}..${shortOid(now)}`;
}

function sentence(report: MirrorReport): string {
  const counts = Object.entries(report.summary).filter(([, count]) => count > 0);
  const numbers = counts.map(([status, count]) => `${count} ${status}`).join(', ');
  const title = `${printable(report.from)} → ${printable(report.to)}`;
  const mode = report.dryRun ? ' (dry run, nothing was changed)' : '';
  const made =
    report.created === undefined
      ? ''
      : `; ${report.dryRun ? 'would create' : 'created'} ${printable(report.created.repository)}`;
  if (report.nothing !== undefined)
    return `${title}: nothing to do, ${printable(report.nothing)}${numbers === '' ? '' : ` (${numbers})`}${made}`;
  return `${title}: ${numbers}${made}${mode}`;
}
