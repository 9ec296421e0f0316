/** The two halves of the smart protocol: reading from a repository, writing to it. */
export type Service = 'git-upload-pack' | 'git-receive-pack';

/** Counts body bytes of requests and (after decompression) of answers. */
export interface Traffic {
  sent: number;
  received: number;
}

export interface ExchangeOptions {
  readonly signal?: AbortSignal | undefined;
  readonly traffic?: Traffic | undefined;
}

/** The body of an answer, read chunk by chunk. It must be iterated; ending that early gives up the connection beneath. */
export type Answer = AsyncIterable<Buffer>;

/** A request body: bytes at once, or a stream that is sent as it comes. When the stream throws, the request is cut off. */
export type RequestBody = Uint8Array | AsyncIterable<Uint8Array>;

/**
 * How requests reach a repository. The protocol above it is stateless: one request, one answer.
 * All failures are SluiceErrors: denied, not-found, rate-limited, unavailable, timed-out, interrupted.
 */
export interface Transport {
  /** Names the repository in messages; without credentials. */
  readonly url: string;
  /** What the service says when it is first contacted; undefined when it does not speak the smart protocol at all. */
  advertise(service: Service, options?: ExchangeOptions): Promise<Answer | undefined>;
  request(service: Service, body: RequestBody, options?: ExchangeOptions): Promise<Answer>;
  close(): void;
}
