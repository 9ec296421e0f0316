import type { Oid } from '../../model/ref.ts';
import type { ReceivePackOffer, RefUpdate } from './receive-pack.ts';

export interface HaveOptions {
  readonly updates: readonly RefUpdate[];
  /** Objects that the source is known to have, from a listing of its refs. */
  readonly sourceTips?: ReadonlySet<Oid> | undefined;
  /** Most haves altogether. */
  readonly limit: number;
}

/** Where the trunk of a repository usually is; close to every change. */
const trunk = /^refs\/heads\/(main|master|trunk|develop)$/;

/**
 * Which of the destination's tips to offer as a common base, best first: the source answers for those it has too, and sends
 * only what they do not reach. A busy mirror has far more tips than one may send (each costs 50 bytes and the server a
 * lookup), so the likely ones come first: the trunk, the old values of what moves, branches, then the rest; within each,
 * those that the source shows itself, and names with fewer slashes (`main` before `pr/17`, whose commits help nobody else).
 */
export function chooseHaves(offer: Pick<ReceivePackOffer, 'refs' | 'alternates'>, options: HaveOptions): Oid[] {
  const { updates, sourceTips, limit } = options;
  const moved = new Set(updates.map((update) => update.old));
  const tips = [
    ...[...offer.refs].map(([name, oid]) => ({ name, oid })),
    ...offer.alternates.map((oid) => ({ name: '', oid })),
  ];
  const ranked = tips.map(({ name, oid }) => ({ oid, rank: rankOf(name, oid) }));
  ranked.sort((a, b) => a.rank - b.rank);
  return [...new Set(ranked.map(({ oid }) => oid))].slice(0, limit);

  function rankOf(name: string, oid: Oid): number {
    if (trunk.test(name)) return 0;
    const unknown = sourceTips?.has(oid) === true ? 0 : 1;
    const depth = Math.min(name.split('/').length, 9);
    if (moved.has(oid)) return 10;
    if (name.startsWith('refs/heads/')) return 20 + unknown * 10 + depth;
    return 40 + unknown;
  }
}
