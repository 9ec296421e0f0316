import type { Secret } from '../../secret.ts';

/** Where and how the server listens; the composition fills it from flags and configuration. */
export interface ServerOptions {
  /** `HOST:PORT`, `:PORT` (all interfaces), `[::1]:PORT` or `unix:/PATH`; port 0 takes a free one. */
  readonly listen: string;
  /** Address under which people reach this server; its path is the prefix of every page. */
  readonly baseUrl: string | undefined;
  readonly tls: TlsFiles | undefined;
  /** Addresses and ranges of proxies whose `X-Forwarded-*` headers are believed. */
  readonly trustProxy: readonly string[];
  readonly access: AccessRules;
  readonly limits: ServerLimits;
  /** Shown by `/healthz` and `/metrics`. */
  readonly version: string;
}

export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
  /** How often the files are looked at. */
  readonly checkMs: number;
}

/** Who may read the pages. Nothing set: nobody. */
export interface AccessRules {
  /** Everybody may read; to act still takes a login. */
  readonly public: boolean;
  readonly basic: { readonly username: string; readonly password: Secret } | undefined;
  readonly bearer: readonly Secret[];
  /** Header in which an authenticating proxy names the user; believed only of trusted proxies. */
  readonly proxyHeader: string | undefined;
}

export interface ServerLimits {
  /** One delivery. */
  readonly bodyBytes: number;
  /** All deliveries that are being read or handled; beyond it senders are asked to come again. */
  readonly heldBytes: number;
  readonly headerBytes: number;
  /** Until all headers are there, and until the whole request is. */
  readonly headersMs: number;
  readonly requestMs: number;
  /** How long an idle connection is kept. */
  readonly keepAliveMs: number;
  readonly connections: number;
  /** Live streams of the pages. */
  readonly streams: number;
  /** How long a stop waits for requests that were accepted. */
  readonly stopMs: number;
}

const megabyte = 1024 * 1024;

/** GitHub waits 10 s for the answer; the other forges not longer by default. */
export const defaultLimits: Omit<ServerLimits, 'bodyBytes'> = {
  heldBytes: 256 * megabyte,
  headerBytes: 32 * 1024,
  headersMs: 15_000,
  requestMs: 60_000,
  keepAliveMs: 65_000,
  connections: 2000,
  streams: 500,
  stopMs: 10_000,
};
