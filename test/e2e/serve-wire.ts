import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

/** A connection that says what no HTTP client would. */
export interface Wire {
  write(bytes: string | Uint8Array): void;
  /** Waits until what was written is with the kernel; true: there was an answer, or an end, before that. */
  drained(): Promise<boolean>;
  /** Status of the answer; undefined: the connection ended without one. */
  status(): Promise<number | undefined>;
  /** Sends no more, and still listens. */
  end(): void;
  /** Goes away as a machine does that lost its power. */
  reset(): void;
}

export async function openWire(url: string): Promise<Wire> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port) });
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  const answer = statusOf(socket);
  return {
    write: (bytes) => void socket.write(bytes),
    async drained() {
      if (!socket.writableNeedDrain || socket.destroyed) return socket.destroyed;
      const drain = new Promise<boolean>((resolve) => socket.once('drain', () => resolve(false)));
      return await Promise.race([drain, answer.then(() => true)]);
    },
    status: () => answer,
    end: () => void socket.end(),
    reset: () => void socket.resetAndDestroy(),
  };
}

async function statusOf(socket: Socket): Promise<number | undefined> {
  const { promise, resolve } = Promise.withResolvers<number | undefined>();
  let text = '';
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
    const status = /^HTTP\/1\.1 (\d{3}) [^\n]*\r\n/.exec(text)?.[1];
    // Whoever asked may go on sending now.
    if (status !== undefined && status !== '100') resolve(Number(status));
    else if (status === '100') text = text.slice(text.indexOf('\r\n\r\n') + 4);
  });
  socket.on('error', () => resolve(undefined));
  socket.on('close', () => resolve(undefined));
  return await promise;
}

/** Head of a POST. */
export function head(path: string, headers: Readonly<Record<string, string>>): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `POST ${path} HTTP/1.1\r\nHost: x\r\n${lines.join('')}\r\n`;
}

/** Kilobytes of a process that are in memory, and the most that ever were; Linux only. */
export async function memoryOf(pid: number): Promise<{ readonly now: number; readonly most: number }> {
  const text = await readFile(`/proc/${pid}/status`, 'utf8');
  const of = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1]);
  return { now: of('VmRSS'), most: of('VmHWM') };
}
