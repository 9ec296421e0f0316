import type { ServeActions, ServeReads } from '../read-model.ts';
import type { Receive } from '../receive.ts';
import type { Metrics } from './metrics.ts';

type LogLine = (message: string, fields?: Readonly<Record<string, unknown>>) => void;

/** What the server is given. It owns none of it and closes none of it. */
export interface ServerPorts {
  readonly receive: Receive;
  readonly reads: ServeReads;
  readonly actions: ServeActions;
  readonly metrics: Metrics;
  readonly log: { readonly debug: LogLine; readonly info: LogLine; readonly warn: LogLine; readonly error: LogLine };
  readonly now: () => number;
}
