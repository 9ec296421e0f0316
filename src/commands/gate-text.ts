import { styleText } from 'node:util';
import type { Judged } from '../core/gate/judge-push.ts';
import { exitStatusOf, missing, warnings } from '../core/gate/verdict.ts';
import { shortOid } from '../core/model/ref.ts';
import type { Verdict, VerdictStatus } from '../core/model/verdict.ts';
import type { CommandContext, CommandOutcome } from '../core/plugins/command.ts';
import { printable } from '../core/ui/table.ts';

const marks = {
  approved: ['green', '✓'],
  rejected: ['red', '✗'],
  pending: ['yellow', '…'],
  undetermined: ['red', '?'],
} as const satisfies Record<VerdictStatus, readonly [string, string]>;

/** The verdict as the command's answer; warnings go to the log. */
export function gateOutcome(
  command: string,
  { facts, verdict }: Judged,
  { log, quiet }: Pick<CommandContext, 'log' | 'quiet'>,
  explain: boolean,
): CommandOutcome {
  if (verdict.status === 'approved') for (const { sentence } of warnings(verdict)) log.warn(printable(sentence));
  const exit = exitStatusOf(verdict.status);
  const { push } = facts;
  const at = push.sha === null ? 'deletion' : shortOid(push.sha);
  const head = `${coloured(verdict.status)}: ${printable(push.branch)} (${at})`;
  const lines = explain ? treeLines(verdict, 0, null) : missing(verdict).flatMap(missingLines);
  return {
    exit,
    json: { command, status: verdict.status, exit, verdict, facts },
    ...(quiet && exit === 0 ? {} : { text: [head, ...lines].join('\n') }),
  };
}

/** Where nothing could be judged at all. */
export function undeterminedOutcome(
  command: string,
  sentence: string,
  { silent }: { readonly silent: boolean },
): CommandOutcome {
  const status = 'undetermined';
  const verdict: Verdict = { rule: 'gate', status, sentence, url: null, children: [] };
  return {
    exit: 2,
    json: { command, status, exit: 2, verdict },
    ...(silent ? {} : { text: [coloured(status), ...missingLines(verdict)].join('\n') }),
  };
}

function missingLines({ sentence, url }: Verdict): readonly string[] {
  return [`  - ${printable(sentence)}`, ...(url === null ? [] : [`    ${printable(url)}`])];
}

/** `page`: the one that is named above it already. */
function treeLines(verdict: Verdict, depth: number, page: string | null): readonly string[] {
  const { rule, subject, status, sentence, url, children } = verdict;
  const [colour, mark] = marks[status];
  const name = subject === undefined ? rule : `${rule} ${subject}`;
  // A node often only repeats the child that decides.
  const words = children.some((child) => child.sentence === sentence) ? '' : `: ${sentence}`;
  const where = url === null || url === page ? '' : ` (${url})`;
  const line = `${'  '.repeat(depth)}${styleText(colour, mark, { stream: process.stdout })} ${printable(name + words + where)}`;
  return [line, ...children.flatMap((child) => treeLines(child, depth + 1, url ?? page))];
}

function coloured(status: VerdictStatus): string {
  return styleText(marks[status][0], status, { stream: process.stdout });
}
