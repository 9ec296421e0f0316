import type { Agent as HttpAgent } from 'node:http';
import type { Agent as HttpsAgent } from 'node:https';

/** Kept-alive connections, shared by all sessions that are given the same pool. */
export interface Connections {
  agent(protocol: string): HttpAgent | HttpsAgent;
  close(): void;
}

export interface ConnectionOptions {
  /** Most connections to one host at a time; more requests wait for a free one. Default 64 (a poller of many repositories). */
  readonly perHost?: number;
  /** Certificate authorities in PEM that replace Node's own list. */
  readonly ca?: readonly string[];
  /**
   * `HTTP_PROXY`, `HTTPS_PROXY`, `NO_PROXY` (or lower case), usually the process's environment. Node.js knows this since
   * 22.21 and 24.5; older ones connect directly.
   */
  readonly proxyEnv?: Readonly<Record<string, string | undefined>>;
}

// node:http through process.getBuiltinModule: an ESM import would touch its lazy WebSocket getter (26 ms at start-up).
export function openConnections(options: ConnectionOptions = {}): Connections {
  const agents = new Map<string, HttpAgent | HttpsAgent>();
  // The connection used last is taken first: the others grow old and are closed, before the server closes them in mid-use.
  const settings = {
    keepAlive: true,
    maxSockets: options.perHost ?? 64,
    scheduling: 'lifo' as const,
    ...(options.proxyEnv && { proxyEnv: options.proxyEnv }),
  };

  function agent(protocol: string): HttpAgent | HttpsAgent {
    const known = agents.get(protocol);
    if (known !== undefined) return known;
    const made =
      protocol === 'https:'
        ? new (process.getBuiltinModule('node:https').Agent)({
            ...settings,
            ...(options.ca && { ca: [...options.ca] }),
          })
        : new (process.getBuiltinModule('node:http').Agent)(settings);
    agents.set(protocol, made);
    return made;
  }

  function close(): void {
    for (const one of agents.values()) one.destroy();
    agents.clear();
  }

  return { agent, close };
}
