import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { SluiceError } from '../../errors.ts';
import type { Tunnel, TunnelRequest } from './tunnel.ts';

const address = /https:\/\/[a-z0-9-]+\.trycloudflare\.com/;
const openLimitMs = 60_000;
const graceMs = 5_000;

/**
 * Through Cloudflare's own program, as a quick tunnel, which needs no account
 * (https://developers.cloudflare.com/cloudflare-one/networks/connectors/cloudflare-tunnel/do-more-with-tunnels/trycloudflare/).
 */
export async function openCloudflared({ localUrl, env, signal, log }: TunnelRequest): Promise<Tunnel> {
  const child = spawn('cloudflared', ['tunnel', '--no-autoupdate', '--url', localUrl], {
    // Of the operator's environment only what a network client needs: it is to see no credentials.
    env: pick(env, ['PATH', 'HOME', 'TMPDIR', 'HTTPS_PROXY', 'https_proxy', 'NO_PROXY', 'no_proxy', 'SSL_CERT_FILE']),
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    child.once('exit', (code, killed) => resolve(`it ended with ${killed ?? `status ${code}`}`));
  });
  async function stop(): Promise<void> {
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
    await ended;
    clearTimeout(timer);
  }

  let last = '';
  const url = await new Promise<string>((resolve, reject) => {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(openLimitMs)]);
    limit.addEventListener('abort', () => reject(refusal('it did not say its address in time')), { once: true });
    void ended.then((why) => reject(why === 'ENOENT' ? absent() : refusal(last === '' ? why : `${why}: ${last}`)));
    createInterface({ input: child.stderr }).on('line', (line) => {
      last = line.slice(0, 300);
      const found = address.exec(line)?.[0];
      if (found !== undefined) resolve(found);
    });
  }).catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  let closing = false;
  void ended.then((why) => {
    if (!closing)
      log.warn(`the tunnel of cloudflared is gone (${why}); forges cannot reach this server until it is restarted`);
  });
  return {
    display: url,
    addressOf: (source) => `${url}/hooks/${source}`,
    [Symbol.asyncDispose]: async () => {
      closing = true;
      await stop();
    },
  };
}

function absent(): SluiceError {
  return new SluiceError('config', 'the tunnel cloudflared needs the program cloudflared, which is not on PATH', {
    hint: 'It is at https://github.com/cloudflare/cloudflared/releases.',
  });
}

function refusal(why: string): SluiceError {
  return new SluiceError('unavailable', `cloudflared could not open a tunnel: ${why}`);
}

function pick(env: Readonly<Record<string, string | undefined>>, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])));
}
