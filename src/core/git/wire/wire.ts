import { SluiceError } from '../../errors.ts';
import { readUploadPackOffer, type UploadPackOffer } from './capabilities.ts';
import { type Connections, openConnections } from './connections.ts';
import type { HttpLimits } from './http-exchange.ts';
import { openHttpTransport, type WireAuthenticate } from './http-transport.ts';
import { type ListRefsOptions, lsRefs, type RefListing } from './ls-refs.ts';
import type { ExchangeOptions, Transport } from './transport.ts';

export type { UploadPackOffer } from './capabilities.ts';
export { type ConnectionOptions, type Connections, openConnections } from './connections.ts';
export type { WireAuthenticate } from './http-transport.ts';
export type { ListRefsOptions, RefListing, WireRef } from './ls-refs.ts';
export type { RefUpdate } from './receive-pack.ts';
export { type RelayOutcome, type RelayRequest, type RelayResult, relay } from './relay.ts';

export interface WireOptions extends HttpLimits {
  /** Headers for every request, asked anew each time; wins over a user and password in the URL. */
  readonly authenticate?: WireAuthenticate | undefined;
  /** Sent as User-Agent: `sluice/1.2.3`. */
  readonly userAgent: string;
  /** Shared by many sessions, and then closed by whoever opened it; without it the session has its own. */
  readonly connections?: Connections | undefined;
}

/** One repository, spoken to in git's own protocol from within this process. */
export interface WireSession {
  /** Without credentials. */
  readonly url: string;
  readonly transport: Transport;
  /** What upload-pack offers; asked once. A server without protocol v2 is a value. */
  offer(options?: ExchangeOptions): Promise<UploadPackOffer>;
  /** The refs, or undefined when the server has no protocol v2 and git must be asked instead. */
  listRefs(options?: ListRefsOptions): Promise<RefListing | undefined>;
  close(): void;
}

/** Opens a session; nothing is sent before it is used. Only http and https URLs: for ssh and files ask git itself. */
export function openWire(url: string, options: WireOptions): WireSession {
  const address = URL.parse(url);
  if (address?.protocol !== 'http:' && address?.protocol !== 'https:') {
    throw new SluiceError('usage', 'the URL of a wire session must begin with http:// or https://', {
      hint: 'Other URLs and paths go through git itself.',
    });
  }
  const connections = options.connections ?? openConnections();
  const transport = openHttpTransport(address, { ...options, connections });
  let known: UploadPackOffer | undefined;

  async function offer(call: ExchangeOptions = {}): Promise<UploadPackOffer> {
    known ??= await readUploadPackOffer(transport, call);
    return known;
  }

  async function listRefs(call: ListRefsOptions = {}): Promise<RefListing | undefined> {
    const offered = await offer(call);
    if (offered.protocol !== 'v2' || !offered.capabilities.has('ls-refs')) return undefined;
    try {
      return await lsRefs(transport, offered, call);
    } catch (error) {
      // A long-lived session asks anew: the repository may have moved, or the server may have changed its software.
      known = undefined;
      throw error;
    }
  }

  function close(): void {
    transport.close();
    if (options.connections === undefined) connections.close();
  }

  return { url: transport.url, transport, offer, listRefs, close };
}
