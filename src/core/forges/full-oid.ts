import type { Oid } from '../model/ref.ts';

/** The object id in lower case when it is a whole one; undefined for an abbreviation, an empty string or nothing. */
export function fullOid(text: string | null | undefined): Oid | undefined {
  const oid = text?.toLowerCase() ?? '';
  return /^([0-9a-f]{40}|[0-9a-f]{64})$/.test(oid) ? oid : undefined;
}
