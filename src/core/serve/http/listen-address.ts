import { lstat, unlink } from 'node:fs/promises';
import { connect } from 'node:net';
import { SluiceError } from '../../errors.ts';

export type ListenAddress =
  | { readonly kind: 'tcp'; readonly host: string | undefined; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string };

/** `HOST:PORT`, `[IPV6]:PORT`, `:PORT` or `unix:/PATH`; anything else is SluiceError('usage'). */
export function parseListen(text: string): ListenAddress {
  if (text.startsWith('unix:/')) return { kind: 'unix', path: text.slice('unix:'.length) };
  const [, bracketed, plain, digits] = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:/[\]]*)):(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  if (digits === undefined || port > 65_535)
    throw new SluiceError('usage', `cannot listen on ${JSON.stringify(text)}`, {
      hint: 'Write HOST:PORT, :PORT or unix:/PATH, for example 127.0.0.1:8080.',
    });
  const host = bracketed ?? plain;
  return { kind: 'tcp', host: host === '' ? undefined : host, port };
}

const probeMs = 2000;

/** Removes the socket that a killed process left behind. One that answers belongs to somebody: SluiceError('locked'). */
export async function clearStaleSocket(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined) return;
  if (!found.isSocket())
    throw new SluiceError('config', `cannot listen on ${path}: there is a file of that name that is no socket`, {
      hint: 'Choose another path, or remove the file.',
    });
  if (await isAnswered(path))
    throw new SluiceError('locked', `cannot listen on ${path}: another process listens there`, {
      hint: 'Stop the other one first, or choose another path.',
    });
  await unlink(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
}

/** Only a refusal says that nobody listens; a full backlog or a missing permission does not. */
async function isAnswered(path: string): Promise<boolean> {
  const socket = connect(path);
  socket.setTimeout(probeMs, () => socket.destroy(new Error('no answer')));
  const { promise, resolve } = Promise.withResolvers<boolean>();
  socket.once('connect', () => resolve(true));
  socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code !== 'ECONNREFUSED'));
  try {
    return await promise;
  } finally {
    socket.destroy();
  }
}

/** Why listening failed, for a person who can mend it. */
export function listenError(listen: string, error: NodeJS.ErrnoException): SluiceError {
  const hints: Readonly<Record<string, string>> = {
    EADDRINUSE: 'Another process listens there: stop it, or choose another --listen.',
    EACCES: 'Ports below 1024 and foreign directories need permission; behind a reverse proxy a high port is enough.',
    EADDRNOTAVAIL: 'This machine has no such address.',
    ENOTFOUND: 'The host name is not known.',
    ENOENT: 'The directory of the socket does not exist.',
  };
  const hint = hints[error.code ?? ''];
  const code = error.code === 'EADDRINUSE' ? 'locked' : 'config';
  return new SluiceError(code, `cannot listen on ${listen}: ${error.message}`, {
    cause: error,
    ...(hint === undefined ? {} : { hint }),
  });
}
