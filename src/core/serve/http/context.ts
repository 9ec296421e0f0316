import type { LineCounter } from '../web/log/line-count.ts';
import type { ReadLog } from '../web/log/parts.ts';
import type { Access } from './access.ts';
import type { ChangeHub } from './change-hub.ts';
import type { EventStreams } from './event-stream.ts';
import type { ServerOptions } from './options.ts';
import type { PeerOf } from './peer.ts';
import type { ServerPorts } from './ports.ts';

/** What the routes of one server share. */
export interface ServerContext {
  readonly options: ServerOptions;
  readonly ports: ServerPorts;
  readonly access: Access;
  readonly peerOf: PeerOf;
  /** Path of the base URL without its last slash: '' or '/sluice'. */
  readonly prefix: string;
  readonly hub: ChangeHub;
  readonly streams: EventStreams;
  readonly readLog: ReadLog;
  readonly counter: LineCounter;
  readonly isStopping: () => boolean;
}
