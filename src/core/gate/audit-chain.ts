import { createHash } from 'node:crypto';
import type { Oid, RefName } from '../model/ref.ts';
import type { VerdictStatus } from '../model/verdict.ts';

/** One override: who, when, what, why, and what the gate had said. */
export interface AuditEntry {
  /** RFC 3339, UTC. */
  readonly at: string;
  readonly by: {
    /** Login on this machine. */
    readonly user: string;
    readonly host: string;
    /** Who the git server says is pushing, where it does. */
    readonly remote: string | null;
  };
  /** A sha of null: the ref is deleted. */
  readonly refs: readonly { readonly ref: RefName; readonly sha: Oid | null }[];
  readonly reason: string;
  readonly verdict: { readonly status: VerdictStatus; readonly missing: readonly string[] };
}

/** An entry as it stands in the file, bound to everything before it. */
export interface AuditRecord extends AuditEntry {
  readonly version: 1;
  /** 1 for the first. */
  readonly number: number;
  /** `hash` of the record before; 64 zeros for the first. */
  readonly previous: string;
  /** SHA-256 over this line without this field. */
  readonly hash: string;
}

/** What is remembered beside the file, so that lines taken from its end are missed. */
export interface AuditHead {
  readonly number: number;
  readonly hash: string;
}

export interface AuditReading {
  /** Up to the first line that is broken. */
  readonly records: readonly AuditRecord[];
  /** Sentences; empty: nothing was changed, removed, reordered or cut off. */
  readonly problems: readonly string[];
}

const first = '0'.repeat(64);

/** The next line of the chain, without its line end. */
export function nextRecord(entry: AuditEntry, last: AuditHead | undefined): AuditRecord {
  const { at, by, refs, reason, verdict } = entry;
  const number = (last?.number ?? 0) + 1;
  const body = { version: 1 as const, number, at, by, refs, reason, verdict, previous: last?.hash ?? first };
  return { ...body, hash: hashOf(JSON.stringify(body)) };
}

/** Follows the chain; `head` is undefined when nothing was remembered. */
export function readChain(text: string, head: AuditHead | undefined): AuditReading {
  const records: AuditRecord[] = [];
  const lines = text.split('\n');
  const rest = lines.pop();
  for (const line of lines) {
    const read = readLine(line, records.at(-1));
    if ('problem' in read) return { records, problems: [`line ${records.length + 1} ${read.problem}`] };
    records.push(read);
  }
  if (rest !== '') return { records, problems: [`line ${records.length + 1} is cut off`] };
  const problem = headProblem(records, head);
  return { records, problems: problem === undefined ? [] : [problem] };
}

function readLine(line: string, last: AuditRecord | undefined): AuditRecord | { readonly problem: string } {
  let record: AuditRecord;
  try {
    record = JSON.parse(line) as AuditRecord;
    const { hash, ...body } = record;
    if (hash !== hashOf(JSON.stringify(body))) return { problem: 'was changed: its hash does not fit' };
    // Spaces and the order of keys count too: a line is what was written, byte for byte.
    if (line !== JSON.stringify(record)) return { problem: 'was changed' };
  } catch {
    return { problem: 'is no record' };
  }
  if (record.version !== 1)
    return { problem: `has the version ${String(record.version)}, which this sluice cannot read` };
  if (record.previous !== (last?.hash ?? first) || record.number !== (last?.number ?? 0) + 1) {
    return { problem: 'does not follow the line before: lines were removed, added or reordered' };
  }
  return record;
}

/** The line is written before the head, so after a crash the head may be one behind, and never ahead. */
function headProblem(records: readonly AuditRecord[], head: AuditHead | undefined): string | undefined {
  const number = head?.number ?? 0;
  if (number > records.length) return `${number - records.length} of ${number} records are missing at the end`;
  if (records.length - number > 1) return 'records were added that sluice did not write';
  if (head !== undefined && records[number - 1]?.hash !== head.hash)
    return 'the last record is not the one that was written';
  return undefined;
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
