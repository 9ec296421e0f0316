import { SluiceError } from '../../errors.ts';
import { type RefName, refNameProblem } from '../../model/ref.ts';
import { type Unsuitable, unsuitable } from './fetch.ts';
import { type PushBody, pushBody } from './push-body.ts';
import { encodeCommands, type ReceivePackOffer, type RefUpdate, readReceivePackOffer } from './receive-pack.ts';
import { type PackRequest, preparePack, type RelayEnd } from './relay-pack.ts';
import { type PushReport, readPushReport } from './report-status.ts';
import type { Traffic } from './transport.ts';

export interface RelayRequest extends PackRequest {
  readonly destination: Pick<RelayEnd, 'transport'>;
  /** All or none. */
  readonly atomic?: boolean;
  readonly limits?: RelayLimits;
  /** Counts while the relay runs, for whoever shows progress. */
  readonly traffic?: Traffic;
  readonly signal?: AbortSignal | undefined;
}

export interface RelayLimits {
  /** Largest pack that is passed on, in bytes; a larger one is given up before its end. Default: no limit. */
  readonly packBytes?: number;
  /** Packs up to this size are collected first and sent with a length, as git does (http.postBuffer). Default 1 MiB. */
  readonly bufferBytes?: number;
}

export interface RelayResult {
  readonly name: RefName;
  readonly ok: boolean;
  /** The destination's own reason when it did not update the ref. */
  readonly reason?: string;
}

export type RelayOutcome =
  | {
      readonly kind: 'done';
      /** In the order of the updates. */
      readonly results: readonly RelayResult[];
      /** What git shows as `remote: …`. */
      readonly remoteMessages: readonly string[];
      /** Bytes of the pack that was passed on; 0 when only deletions were asked for. */
      readonly packBytes: number;
      /** Body bytes sent to and received from both ends. */
      readonly bytesUp: number;
      readonly bytesDown: number;
    }
  /** NOTHING was sent to the destination; git itself may still be able to do it. */
  | Unsuitable
  /** The pack exceeds `limits.packBytes`; the destination discards what it got. Split the batch to find the large ref. */
  | { readonly kind: 'too-large'; readonly bytes: number };

/**
 * Passes a pack from the source's upload-pack straight into the destination's receive-pack: no object is stored or looked at
 * here, and the destination checks that what it gets is whole before it moves a ref. See gitprotocol-v2(5) and
 * gitprotocol-pack(5). Throws SluiceErrors; after one that is `retryable`, the destination must be read again before the next
 * attempt, since an answer that got lost may have followed a success.
 */
export async function relay(request: RelayRequest): Promise<RelayOutcome> {
  if (request.updates.length === 0) {
    return { kind: 'done', results: [], remoteMessages: [], packBytes: 0, bytesUp: 0, bytesDown: 0 };
  }
  refuseBadNames(request.updates);
  const { traffic = { sent: 0, received: 0 } } = request;
  // Ends whichever of the two requests is still open when the other one is over.
  const scope = new AbortController();
  const signal = request.signal ? AbortSignal.any([request.signal, scope.signal]) : scope.signal;
  try {
    return await relayWithin(request, { signal, traffic });
  } finally {
    scope.abort();
  }
}

interface Call {
  readonly signal: AbortSignal;
  readonly traffic: Traffic;
}

async function relayWithin(request: RelayRequest, call: Call): Promise<RelayOutcome> {
  const { source, destination, updates, atomic = false } = request;
  const [offer] = await Promise.all([
    readReceivePackOffer(destination.transport, call),
    // At the same time, because it is needed next and a round trip is what a relay costs.
    needsSource(request) ? source.offer(call) : undefined,
  ]);
  if (offer === undefined) return unsuitable('the destination does not speak the smart protocol');
  const problem = destinationProblem(request, offer);
  if (problem !== undefined) return unsuitable(problem);

  const body = await preparePack(request, offer, call);
  if (body.kind === 'unsuitable') return body;
  const commands = encodeCommands(updates, offer, { atomic, agent: request.agent });
  const { packBytes = Number.POSITIVE_INFINITY, bufferBytes = 1024 * 1024 } = request.limits ?? {};
  const push = await pushBody({
    commands,
    pack: body.pack,
    format: offer.objectFormat,
    from: source.transport.url,
    maxPackBytes: packBytes,
    bufferBytes,
  });
  return send(push, request, call);
}

async function send(push: PushBody, request: RelayRequest, call: Call): Promise<RelayOutcome> {
  const { transport } = request.destination;
  const tooLarge = (): RelayOutcome => ({ kind: 'too-large', bytes: push.packBytes() });
  if (push.tooLarge()) return tooLarge();
  try {
    const answer = await transport.request('git-receive-pack', push.body, call);
    const report = await readPushReport(answer, transport.url);
    const { sent: bytesUp, received: bytesDown } = call.traffic;
    return {
      kind: 'done',
      results: resultsOf(report, request.updates),
      remoteMessages: report.messages,
      packBytes: push.packBytes(),
      bytesUp,
      bytesDown,
    };
  } catch (error) {
    if (push.tooLarge()) return tooLarge();
    throw error;
  }
}

function needsSource(request: RelayRequest): boolean {
  return request.sameRepository !== true && request.updates.some((update) => update.new !== undefined);
}

function destinationProblem(request: RelayRequest, offer: ReceivePackOffer): string | undefined {
  const needed = [
    'report-status',
    'side-band-64k',
    ...(request.atomic ? ['atomic'] : []),
    ...(request.updates.some((update) => update.new === undefined) ? ['delete-refs'] : []),
  ];
  const lacking = needed.filter((name) => !offer.capabilities.has(name));
  if (lacking.length > 0) return `the destination lacks ${lacking.join(', ')}`;
  // Its tips do not imply their history, so the source would leave out objects that the destination does not have.
  if (offer.shallow) return 'the destination is a shallow repository';
  const length = offer.objectFormat === 'sha256' ? 64 : 40;
  const oids = request.updates.flatMap((update) => [update.old, update.new]);
  if (oids.some((oid) => oid !== undefined && oid.length !== length))
    return `the destination has ${offer.objectFormat} objects, the updates others`;
  return undefined;
}

function resultsOf(report: PushReport, updates: readonly RefUpdate[]): RelayResult[] {
  const unpack = report.unpack === 'ok' ? '' : ` (unpack: ${report.unpack})`;
  return updates.map(({ name }): RelayResult => {
    const refusal = report.refusals.has(name) ? report.refusals.get(name) : 'the remote did not report on this ref';
    return refusal === undefined ? { name, ok: true } : { name, ok: false, reason: refusal + unpack };
  });
}

/** A line feed or NUL in a name would be a command of its own. Callers report bad names before; this is the last guard. */
function refuseBadNames(updates: readonly RefUpdate[]): void {
  const seen = new Set<RefName>();
  for (const { name } of updates) {
    const problem = seen.has(name) ? 'is there twice' : refNameProblem(name);
    if (problem !== undefined) throw new SluiceError('internal', `push the ref ${JSON.stringify(name)}: it ${problem}`);
    seen.add(name);
  }
}
