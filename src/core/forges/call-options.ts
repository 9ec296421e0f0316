/** Every forge call may be cancelled; time limits and retries belong to the HTTP client beneath. */
export interface CallOptions {
  readonly signal?: AbortSignal;
}
