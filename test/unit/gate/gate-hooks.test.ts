import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { type HookGate, runPrePush, runPreReceive } from '../../../src/core/app/gate-hooks.ts';
import { SluiceError } from '../../../src/core/errors.ts';
import { leaf } from '../../../src/core/gate/verdict.ts';
import type { CommandContext } from '../../../src/core/plugins/command.ts';
import { rememberSecret } from '../../../src/core/secret.ts';

const line = `${'0'.repeat(40)} ${'a'.repeat(40)} refs/heads/main\n`;
const yes = leaf({ rule: 'gate', status: 'approved', sentence: 'fine' });
const no = leaf({ rule: 'gate', status: 'pending', sentence: 'no approval by canary-secret-1' });

function site(ask: HookGate['ask'], input: Readable & { isTTY?: boolean } = Readable.from([line])) {
  const said: string[] = [];
  const controller = new AbortController();
  const silent = () => undefined;
  const context = (env: Readonly<Record<string, string>> = {}): CommandContext => ({
    cwd: '/',
    env,
    signal: controller.signal,
    json: false,
    quiet: false,
    config: () => Promise.reject(new Error('not asked')),
    forge: () => Promise.reject(new Error('not asked')),
    log: { debug: silent, info: silent, warn: silent, error: silent },
    progress: silent,
    output: undefined,
    emit: silent,
  });
  const gate: HookGate = { settings: {}, ask };
  const streams = { stdin: input, stderr: { write: (text: string) => void said.push(text) } };
  return { said, controller, context, gate, streams };
}

test('git’s lines in pieces are one input; the status is that of the verdict; secrets are blanked out', async () => {
  const { context, gate, streams } = site(
    async () => ({ verdict: yes }),
    Readable.from([line.slice(0, 50), line.slice(50)]),
  );
  expect(await runPreReceive(context(), gate, {}, streams)).toMatchObject({ exit: 0, json: { hook: 'pre-receive' } });
  rememberSecret('canary-secret-1');
  const refused = site(async () => ({ verdict: no }));
  expect(await runPreReceive(refused.context(), refused.gate, {}, refused.streams)).toMatchObject({ exit: 1 });
  expect(refused.said).toEqual(['[sluice] main may not go upstream yet:\n', '[sluice]   no approval by [secret]\n']);
});

test('a terminal is wrong usage: nobody types git’s lines', async () => {
  const { context, gate, streams } = site(
    () => Promise.reject(new Error('asked')),
    Object.assign(Readable.from([]), { isTTY: true }),
  );
  await expect(runPrePush(context(), gate, {}, streams)).rejects.toMatchObject({ code: 'usage' });
});

test('what is thrown while judging is undetermined; wrong usage and a bug stay what they are', async () => {
  const failing = (code: 'denied' | 'usage' | 'internal') =>
    site(() => Promise.reject(new SluiceError(code, `it is ${code}`)));
  const denied = failing('denied');
  expect(await runPreReceive(denied.context(), denied.gate, {}, denied.streams)).toMatchObject({ exit: 2 });
  expect(denied.said.join('')).toContain('it is denied');
  for (const code of ['usage', 'internal'] as const) {
    const { context, gate, streams } = failing(code);
    await expect(runPreReceive(context(), gate, {}, streams)).rejects.toMatchObject({ code });
  }
});

test('an interruption while git’s lines are awaited ends it', async () => {
  const { context, controller, gate, streams } = site(
    () => Promise.reject(new Error('asked')),
    new Readable({ read() {} }),
  );
  const running = runPreReceive(context(), gate, {}, streams);
  controller.abort(new SluiceError('interrupted', 'interrupted by SIGTERM'));
  await expect(running).rejects.toThrow();
});

test('a push option asks for an override, which nothing allows here', async () => {
  const { context, gate, streams } = site(async () => ({ verdict: no }));
  const env = {
    GIT_PUSH_OPTION_COUNT: '2',
    GIT_PUSH_OPTION_0: 'ci.skip',
    GIT_PUSH_OPTION_1: 'sluice.override=because',
  };
  await expect(runPreReceive(context(env), gate, {}, streams)).rejects.toMatchObject({
    code: 'usage',
    message: expect.stringContaining('allows no override'),
  });
});
