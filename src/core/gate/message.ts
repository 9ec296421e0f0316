import type { Push } from '../model/gate-facts.ts';
import { plainLine } from '../model/status.ts';
import type { Verdict, VerdictStatus } from '../model/verdict.ts';
import { missing, warnings } from './verdict.ts';

/** A ref of a push with what the gate says of it. */
export interface JudgedRef {
  readonly push: Push;
  readonly verdict: Verdict;
}

const prefix = '[sluice] ';
const mostLines = 6;
const mostRefs = 10;

/** A line for a git client, which shows it as `remote: [sluice] …` or as it is; never more than one line, whatever is in it. */
export function prefixed(line: string): string {
  // A leading space is an indentation of ours.
  const indent = /^ */.exec(line)?.[0] ?? '';
  return `${prefix}${indent}${plainLine(line)}\n`;
}

/** What a person who pushes is told: nothing but warnings after a yes; after a no, for each ref what is missing and where to get it. */
export function outcomeLines(refs: readonly JudgedRef[]): readonly string[] {
  const refused = refs.filter(({ verdict }) => verdict.status !== 'approved');
  const lines = refused.slice(0, mostRefs).flatMap(refusalLines);
  const more = refused.length - mostRefs;
  return [
    ...refs.flatMap(({ verdict }) => warnings(verdict).map(({ sentence }) => `note: ${sentence}`)),
    ...lines,
    ...(more > 0 ? [`and ${more} more refs may not go upstream`] : []),
    ...(refused.length > 0 && refs.length > refused.length
      ? ['nothing of this push goes upstream: all refs must pass']
      : []),
  ];
}

/** What is missing while the gate waits: the first thing, and where to get it. */
export function waitingLine(verdict: Verdict, nextMs: number): string {
  const [first = verdict, ...more] = missing(verdict);
  const rest = more.length === 0 ? '' : ` (and ${more.length} more)`;
  const where = first.url === null ? '' : ` ${first.url}`;
  return `waiting: ${first.sentence}${rest}; asking again in ${Math.ceil(nextMs / 1000)} s${where}`;
}

const words: Readonly<Record<VerdictStatus, string>> = {
  approved: 'may go upstream',
  rejected: 'may not go upstream',
  pending: 'may not go upstream yet',
  undetermined: 'may not go upstream, because it could not be judged',
};

function refusalLines({ push, verdict }: JudgedRef): readonly string[] {
  const open = missing(verdict);
  const shown = open.slice(0, mostLines);
  const lines: string[] = [`${push.branch} ${words[verdict.status]}:`];
  for (const [at, { sentence, url }] of shown.entries()) {
    lines.push(`  ${sentence}`);
    // Once for all that is to be done on the same page.
    if (url !== null && url !== shown[at + 1]?.url) lines.push(`  ${url}`);
  }
  if (open.length > mostLines) lines.push(`  and ${open.length - mostLines} more (sluice gate --explain shows all)`);
  return lines;
}
