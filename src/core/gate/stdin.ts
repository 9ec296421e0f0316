import type { Push } from '../model/gate-facts.ts';
import {
  type ObjectFormat,
  type Oid,
  objectFormatOf,
  type RefName,
  refNameProblem,
  shortName,
  zeroOid,
} from '../model/ref.ts';

export type HookKind = 'pre-push' | 'pre-receive';

export type ParsedPushes = { readonly pushes: readonly Push[] } | { readonly problem: string };

/**
 * What git writes to a hook's stdin (githooks(5)), strictly: anything that git would not write is a problem, because a line that is
 * skipped would be a ref that nobody judged.
 * - pre-push: `<local ref> SP <local oid> SP <remote ref> SP <remote oid> LF`. The local ref is whatever the person typed
 *   (`HEAD~`, `HEAD@{1 day ago}` with its spaces, `(delete)`), so a line is read from its end.
 * - pre-receive: `<old oid> SP <new oid> SP <ref> LF`.
 */
export function parsePushes(kind: HookKind, input: Uint8Array): ParsedPushes {
  if (input.length === 0) return { pushes: [] };
  if (input.includes(0)) return { problem: 'it holds a NUL byte' };
  // Invalid bytes become U+FFFD, which no ref name passes with.
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(input);
  if (!text.endsWith('\n')) return { problem: 'its last line is cut off' };
  const lines = text.slice(0, -1).split('\n');
  const pushes: Push[] = [];
  let format: ObjectFormat | undefined;
  for (const [at, line] of lines.entries()) {
    const read = readLine(kind, line);
    const problem = 'problem' in read ? read.problem : mixed(read, format);
    if (problem !== undefined) return { problem: `line ${at + 1} ${problem}` };
    if ('problem' in read) continue;
    format ??= objectFormatOf(read.newOid);
    pushes.push(pushOf(read));
  }
  return { pushes };
}

interface Line {
  readonly oldOid: Oid;
  readonly newOid: Oid;
  readonly ref: RefName;
}

const forms = {
  'pre-push': /^(?<local>.+) (?<newOid>[^ ]*) (?<ref>[^ ]*) (?<oldOid>[^ ]*)$/s,
  'pre-receive': /^(?<oldOid>[^ ]*) (?<newOid>[^ ]*) (?<ref>[^ ]*)$/s,
} as const satisfies Record<HookKind, RegExp>;

const oidForm = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;

function readLine(kind: HookKind, line: string): Line | { readonly problem: string } {
  const { oldOid = '', newOid = '', ref = '' } = forms[kind].exec(line)?.groups ?? {};
  if (ref === '') return { problem: `is not of the form that git gives to a ${kind} hook` };
  if (!oidForm.test(oldOid) || !oidForm.test(newOid)) return { problem: 'has an object id that is none' };
  const wrong = refNameProblem(ref);
  return wrong === undefined ? { oldOid, newOid, ref } : { problem: `names a ref that ${wrong}` };
}

function mixed({ oldOid, newOid }: Line, format = objectFormatOf(newOid)): string | undefined {
  const same = objectFormatOf(oldOid) === format && objectFormatOf(newOid) === format;
  return same ? undefined : 'mixes SHA-1 and SHA-256';
}

function pushOf({ newOid, ref }: Line): Push {
  const sha = newOid === zeroOid(objectFormatOf(newOid)) ? null : newOid;
  return { kind: kindOf(ref), ref, branch: shortName(ref), sha };
}

function kindOf(ref: RefName): Push['kind'] {
  if (ref.startsWith('refs/heads/')) return 'branch';
  return ref.startsWith('refs/tags/') ? 'tag' : 'other';
}
