import { unwatchFile, watchFile } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Server } from 'node:https';
import { createSecureContext } from 'node:tls';
import { SluiceError } from '../../errors.ts';
import type { TlsFiles } from './options.ts';
import type { ServerPorts } from './ports.ts';

export interface KeyPair {
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** Reads and checks the pair; a file that is missing, or a key of another certificate, is SluiceError('config'). */
export async function readKeyPair({ cert, key }: Pick<TlsFiles, 'cert' | 'key'>): Promise<KeyPair> {
  try {
    const pair = { cert: await readFile(cert), key: await readFile(key) };
    createSecureContext(pair);
    return pair;
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    throw new SluiceError('config', `cannot use the certificate ${cert} with the key ${key}: ${words}`, {
      hint: 'Both must be PEM files that belong together and that this user may read.',
      cause: error,
    });
  }
}

/**
 * Takes a new pair when a file changes, without dropping a connection. Files are looked at by name, so that a renamed file or a switched
 * symbolic link (ACME clients, Kubernetes) is seen too. A pair that does not work, for example while only one file is new, changes
 * nothing and is logged. Returns what ends the watch.
 */
export function reloadKeyPair(server: Server, files: TlsFiles, log: ServerPorts['log']): () => void {
  let last = Promise.resolve();
  async function reload(): Promise<void> {
    try {
      server.setSecureContext(await readKeyPair(files));
      log.info('the TLS certificate was read again', { cert: files.cert });
    } catch (error) {
      log.error('the new TLS certificate does not work; the old one stays', { reason: String(error) });
    }
  }
  const changed = () => {
    last = last.then(reload);
  };
  const watched = [files.cert, files.key];
  for (const path of watched) watchFile(path, { interval: files.checkMs, persistent: false }, changed);
  return () => {
    for (const path of watched) unwatchFile(path, changed);
  };
}
