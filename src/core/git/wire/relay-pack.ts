import type { ObjectFormat, Oid } from '../../model/ref.ts';
import type { UploadPackOffer } from './capabilities.ts';
import { fetchPack, havesPerRound, maxRounds, type Unsuitable, unsuitable } from './fetch.ts';
import { chooseHaves } from './haves.ts';
import { emptyPack } from './pack.ts';
import type { ReceivePackOffer, RefUpdate } from './receive-pack.ts';
import type { ExchangeOptions, Transport } from './transport.ts';

/** One end of a relay; a `WireSession` is one. */
export interface RelayEnd {
  readonly transport: Transport;
  offer(options?: ExchangeOptions): Promise<UploadPackOffer>;
}

export interface PackRequest {
  readonly source: RelayEnd;
  /** At most one per ref. The destination applies them only where it still has the old value. */
  readonly updates: readonly RefUpdate[];
  /** Source and destination are one repository: it has all objects, even those of refs that it hides from pushers. */
  readonly sameRepository?: boolean;
  /** Objects that the source is known to have (its listing), to propose the right common commits first. */
  readonly sourceTips?: ReadonlySet<Oid> | undefined;
  /** `sluice/1.2.3`, told to servers that tell theirs. */
  readonly agent: string;
}

export type PreparedPack =
  /** The raw pack; undefined when only deletions are asked for, which go without one. */
  { readonly kind: 'pack'; readonly pack: AsyncIterable<Buffer> | undefined } | Unsuitable;

/** Gets the pack of a relay flowing: nothing, the empty one, or what the source has and the destination lacks. */
export async function preparePack(
  request: PackRequest,
  destination: ReceivePackOffer,
  options: ExchangeOptions,
): Promise<PreparedPack> {
  const wanted = new Set(request.updates.flatMap((update) => update.new ?? []));
  if (wanted.size === 0) return { kind: 'pack', pack: undefined };
  const tips = new Set([...destination.refs.values(), ...destination.alternates]);
  const wants = request.sameRepository ? [] : [...wanted].filter((oid) => !tips.has(oid));
  if (wants.length === 0) return { kind: 'pack', pack: emptyPackStream(destination.objectFormat) };

  const { source } = request;
  const offer = await source.offer(options);
  if (offer.protocol !== 'v2') return unsuitable(`the source speaks ${offer.protocol}, not protocol v2`);
  if (!offer.capabilities.has('fetch')) return unsuitable('the source offers no fetch');
  if (offer.objectFormat !== destination.objectFormat) {
    return unsuitable(`the source has ${offer.objectFormat} objects, the destination ${destination.objectFormat}`);
  }
  const { updates, sourceTips, agent } = request;
  // The old values of what moves come right after the trunk, and each of them shortens its own ref's part of the pack.
  const likely = havesPerRound + updates.filter((update) => update.old !== undefined).length;
  const haves = chooseHaves(destination, { updates, sourceTips, limit: likely + havesPerRound * maxRounds });
  const thin = !destination.capabilities.has('no-thin');
  const ofsDelta = destination.capabilities.has('ofs-delta');
  return fetchPack(source.transport, { offer, wants, haves, likely, thin, ofsDelta, agent }, options);
}

async function* emptyPackStream(format: ObjectFormat): AsyncGenerator<Buffer> {
  yield emptyPack(format);
}
