import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { openCloudflared } from '../../src/core/serve/tunnel/cloudflared.ts';
import { openNgrok } from '../../src/core/serve/tunnel/ngrok.ts';
import { testDir } from '../support/temp-dir.ts';

function request(dir: string, env: Readonly<Record<string, string>> = {}) {
  const said: string[] = [];
  const log = { info: (text: string) => said.push(text), warn: (text: string) => said.push(text) };
  return {
    localUrl: 'http://127.0.0.1:8080',
    env: { PATH: `${dir}:/usr/bin:/bin`, ...env },
    cwd: dir,
    signal: new AbortController().signal,
    log,
    said,
  };
}

/** A program of that name that behaves so. */
async function program(script: string): Promise<string> {
  const dir = await testDir();
  writeFileSync(join(dir, 'cloudflared'), `#!/bin/sh\n${script}\n`);
  chmodSync(join(dir, 'cloudflared'), 0o755);
  return dir;
}

test('cloudflared: the address that it says, and its end with ours', async () => {
  const dir = await program(`
    echo "$@ canary=$CANARY" > "$(dirname "$0")/args"
    trap 'touch "$(dirname "$0")/ended"; exit 0' TERM
    echo 'INF |  https://made-up-words.trycloudflare.com  |' >&2
    while :; do sleep 0.05; done`);
  const tunnel = await openCloudflared(request(dir, { CANARY: 'secret' }));
  expect(tunnel.addressOf('app')).toBe('https://made-up-words.trycloudflare.com/hooks/app');
  expect(readFileSync(join(dir, 'args'), 'utf8')).toBe('tunnel --no-autoupdate --url http://127.0.0.1:8080 canary=\n');
  await tunnel[Symbol.asyncDispose]();
  expect(existsSync(join(dir, 'ended'))).toBe(true);
});

test('cloudflared: one that dies later is told', async () => {
  const dir = await program(
    `echo 'https://made-up-words.trycloudflare.com' >&2; read -r _ < "$(dirname "$0")/gate"; exit 3`,
  );
  execFileSync('mkfifo', [join(dir, 'gate')]);
  const wanted = request(dir);
  const tunnel = await openCloudflared(wanted);
  onTestFinished(() => tunnel[Symbol.asyncDispose]());
  writeFileSync(join(dir, 'gate'), 'go\n');
  await vi.waitFor(() => expect(wanted.said).toContainEqual(expect.stringContaining('status 3')));
});

test('cloudflared: what it last said is in the error', async () => {
  const dir = await program(`echo 'ERR failed to request quick Tunnel: 500' >&2; exit 1`);
  await expect(openCloudflared(request(dir))).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringContaining('failed to request quick Tunnel: 500'),
  });
});

test('a client that is not installed: what to install', async () => {
  const dir = await testDir();
  const without = { ...request(dir), env: { PATH: dir } };
  await expect(openCloudflared(without)).rejects.toMatchObject({
    code: 'config',
    hint: expect.stringContaining('cloudflared/releases'),
  });
  await expect(openNgrok(without)).rejects.toMatchObject({
    code: 'config',
    message: expect.stringContaining('NGROK_AUTHTOKEN'),
  });
  await expect(openNgrok({ ...without, env: { NGROK_AUTHTOKEN: 'a token' } })).rejects.toMatchObject({
    code: 'config',
    hint: expect.stringContaining('npm install @ngrok/ngrok'),
  });
});
