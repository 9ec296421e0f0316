import { openMetrics } from '../../src/core/serve/http/metrics.ts';
import {
  type AccessRules,
  defaultLimits,
  type ServerLimits,
  type ServerOptions,
} from '../../src/core/serve/http/options.ts';
import type { ServerPorts } from '../../src/core/serve/http/ports.ts';
import { type RunningServer, startServer } from '../../src/core/serve/http/server.ts';
import type { RawDelivery, ReceiptAnswer } from '../../src/core/serve/receive.ts';
import { type MemoryStore, memoryStore } from './serve-http-store.ts';

export interface Site {
  readonly server: RunningServer;
  readonly url: string;
  readonly store: MemoryStore;
  readonly received: RawDelivery[];
  readonly logged: { readonly level: string; readonly message: string }[];
}

export interface SiteOptions {
  readonly access?: Partial<AccessRules>;
  readonly limits?: Partial<ServerLimits>;
  readonly listen?: string;
  readonly baseUrl?: string;
  readonly trustProxy?: readonly string[];
  readonly tls?: ServerOptions['tls'];
  readonly answer?: (delivery: RawDelivery) => Promise<ReceiptAnswer> | ReceiptAnswer;
  readonly now?: () => number;
}

/** A whole server on a free port, over a store in memory; it is closed when the test is over. */
export async function startSite(options: SiteOptions = {}): Promise<Site> {
  const { onTestFinished } = await import('vitest');
  const site = await openSite(options);
  onTestFinished(async () => site.server.close());
  return site;
}

/** The same, closed by the caller. */
export async function openSite(options: SiteOptions = {}): Promise<Site> {
  const store = memoryStore();
  const received: RawDelivery[] = [];
  const logged: { level: string; message: string }[] = [];
  const line = (level: string) => (message: string) => void logged.push({ level, message });
  const ports: ServerPorts = {
    async receive(delivery) {
      received.push(delivery);
      return (await options.answer?.(delivery)) ?? { status: 202, body: { delivery: 'd-1', jobs: 1 } };
    },
    reads: store,
    actions: store,
    metrics: await openMetrics('1.2.3'),
    log: { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') },
    now: options.now ?? Date.now,
  };
  const server = await startServer(
    {
      listen: options.listen ?? '127.0.0.1:0',
      baseUrl: options.baseUrl,
      tls: options.tls,
      trustProxy: options.trustProxy ?? [],
      access: { public: false, basic: undefined, bearer: [], proxyHeader: undefined, ...options.access },
      limits: { ...defaultLimits, bodyBytes: 25 * 1024 * 1024, ...options.limits },
      version: '1.2.3',
    },
    ports,
  );
  return { server, url: server.address, store, received, logged };
}
