import { once } from 'node:events';
import type { ServerResponse } from 'node:http';

/** An open stream of server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html). */
export interface EventStream {
  /** Resolves when there is room for more. `id` comes back as Last-Event-ID when the browser connects again. */
  send(event: { readonly name: string; readonly id?: number; readonly data: unknown }): Promise<void>;
  /** Aborts when the browser is gone or the server stops. */
  readonly signal: AbortSignal;
  end(): void;
}

export interface EventStreams {
  /** Undefined: as many as allowed are open. */
  open(response: ServerResponse, headers: Readonly<Record<string, string>>): EventStream | undefined;
  endAll(): void;
}

/** How often a silent stream says that it is there: proxies close connections after 60 s of silence. */
const pingMs = 20_000;
const retryMs = 2000;

export function createEventStreams(most: number): EventStreams {
  const streams = new Set<EventStream>();

  function open(response: ServerResponse, headers: Readonly<Record<string, string>>): EventStream | undefined {
    if (streams.size >= most) return undefined;
    const gone = new AbortController();
    response.writeHead(200, {
      ...headers,
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      // nginx would collect events until its buffer is full.
      'x-accel-buffering': 'no',
    });
    response.write(`retry: ${retryMs}\n\n`);
    const ping = setInterval(() => response.write(': still here\n\n'), pingMs);
    ping.unref();
    const stream: EventStream = {
      signal: gone.signal,
      async send({ name, id, data }) {
        if (gone.signal.aborted) return;
        const number = id === undefined ? '' : `id: ${id}\n`;
        if (response.write(`event: ${name}\n${number}data: ${JSON.stringify(data)}\n\n`)) return;
        await once(response, 'drain', { signal: gone.signal }).catch(() => undefined);
      },
      end() {
        clearInterval(ping);
        streams.delete(stream);
        gone.abort();
        response.end();
      },
    };
    streams.add(stream);
    response.once('close', () => stream.end());
    response.once('error', () => stream.end());
    return stream;
  }

  return {
    open,
    endAll() {
      for (const stream of streams) stream.end();
    },
  };
}
