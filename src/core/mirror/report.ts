import type { Oid, RefName } from '../model/ref.ts';

export type RefStatus = 'created' | 'updated' | 'forced' | 'deleted' | 'unchanged' | 'refused';

/** What became of one ref. In a dry run the status is what would become of it. */
export interface RefReport {
  /** The source ref; undefined for a deletion. */
  readonly source?: RefName;
  readonly target: RefName;
  readonly status: RefStatus;
  readonly old?: Oid;
  readonly new?: Oid;
  /** For `refused`: why, in the remote's own words where it spoke. */
  readonly reason?: string;
}

export interface MirrorReport {
  readonly from: string;
  readonly to: string;
  readonly dryRun: boolean;
  readonly refs: readonly RefReport[];
  readonly summary: Readonly<Record<RefStatus, number>>;
  /** Why nothing was done, when nothing was. */
  readonly nothing?: string;
  /** Ways the objects took: relay (in process), thin (throw-away shallow repository), full (whole history). */
  readonly transfers: readonly string[];
  /** Lines that the destination's hooks printed. */
  readonly messages: readonly string[];
  /** Bytes over the network, where the transfer sees them. */
  readonly bytes?: { readonly up: number; readonly down: number };
  readonly created?: { readonly repository: string };
}

export function summarize(refs: readonly RefReport[]): MirrorReport['summary'] {
  const summary = { created: 0, updated: 0, forced: 0, deleted: 0, unchanged: 0, refused: 0 };
  for (const ref of refs) summary[ref.status] += 1;
  return summary;
}
