import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { resolveSecret } from '../../../src/core/config/secrets.ts';
import { folder } from './folder.ts';

const env = { PATH: process.env.PATH, TOKEN: 'canary-s3cret', EMPTY: '' };

describe('a secret', () => {
  test('comes from the environment', async () => {
    const secret = await resolveSecret({ env: 'TOKEN' }, { env, cwd: '/' });
    expect(secret.reveal()).toBe('canary-s3cret');
    expect(`${secret} ${JSON.stringify(secret)}`).not.toContain('canary');
  });

  test.each(['MISSING', 'EMPTY'])(
    'is denied when the variable %s holds nothing, and the message names it',
    async (name) => {
      await expect(resolveSecret({ env: name }, { env, cwd: '/' })).rejects.toMatchObject({
        code: 'denied',
        exit: 77,
        message: expect.stringContaining(name),
      });
    },
  );

  test('comes from a file beside the configuration, without the final line break', async () => {
    const cwd = folder({ token: 'canary-s3cret\r\n', 'key.pem': '-----BEGIN-----\nab\n-----END-----\n' });
    chmodSync(join(cwd, 'token'), 0o644);
    chmodSync(join(cwd, 'key.pem'), 0o600);
    const warnings: string[] = [];
    const scope = { env, cwd, warn: (message: string) => warnings.push(message) };
    expect((await resolveSecret({ file: 'token' }, scope)).reveal()).toBe('canary-s3cret');
    expect((await resolveSecret({ file: './key.pem' }, scope)).reveal()).toBe('-----BEGIN-----\nab\n-----END-----');
    expect(warnings).toEqual([expect.stringContaining(`chmod 600 ${join(cwd, 'token')}`)]);
  });

  test('is denied when the file is missing, empty, a directory or endless', async () => {
    const cwd = folder({ empty: '\n', 'dir/x': '' });
    for (const file of ['none', 'empty', 'dir', '/dev/zero']) {
      await expect(resolveSecret({ file }, { env, cwd })).rejects.toMatchObject({
        code: 'denied',
        message: expect.stringContaining(file),
      });
    }
  });

  test('comes from a command, which gets arguments as they are and only the given environment', async () => {
    const cwd = folder();
    const command = ['sh', '-c', 'printf "%s|%s|%s\\n" "$1" "$TOKEN" "$HOME"', 'sh', '$(id) "x"'];
    const secret = await resolveSecret({ command }, { env, cwd });
    expect(secret.reveal()).toBe('$(id) "x"|canary-s3cret|');
    expect((await resolveSecret({ command: ['pwd'] }, { env, cwd })).reveal()).toBe(cwd);
  });

  test('is denied when the command fails, says nothing or does not exist', async () => {
    await resolveSecret({ env: 'TOKEN' }, { env, cwd: '/' });
    const cases = [
      {
        command: ['sh', '-c', 'echo canary-out; echo "no: $TOKEN" >&2; exit 3'],
        message: /"sh" failed: status 3: no: \[secret\]$/,
      },
      { command: ['true'], message: /"true" is empty$/ },
      { command: ['/nonexistent/program', 'canary-argument'], message: /failed: ENOENT/ },
    ];
    for (const { command, message } of cases) {
      const error = await resolveSecret({ command }, { env, cwd: '/' }).catch((error: unknown) => error);
      expect(error).toMatchObject({ code: 'denied', message: expect.stringMatching(message) });
      expect(JSON.stringify(error, ['message', 'hint', 'stack'])).not.toContain('canary');
    }
  });

  test('is not waited for longer than the limit, although a grandchild keeps the pipe open', async () => {
    const started = performance.now();
    const command = ['sh', '-c', 'sleep 60 & wait'];
    await expect(resolveSecret({ command }, { env, cwd: '/', timeoutMs: 200 })).rejects.toMatchObject({
      code: 'timed-out',
    });
    expect(performance.now() - started).toBeLessThan(30_000);
  });

  test('is given up when the signal aborts, and the command is ended', async () => {
    const controller = new AbortController();
    const running = resolveSecret({ command: ['sleep', '60'] }, { env, cwd: '/', signal: controller.signal });
    const reason = new Error('interrupted');
    setTimeout(() => controller.abort(reason), 50);
    await expect(running).rejects.toBe(reason);
  });
});
