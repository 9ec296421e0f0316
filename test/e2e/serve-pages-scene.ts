import type { RunView } from '../../src/core/serve/read-model.ts';
import { type MemoryStore, someDelivery, someRun, textLog } from '../contract/serve-http-store.ts';

const minute = 60_000;

/** Runs, deliveries and repositories as a team has them on an ordinary day. */
export function fillStore(store: MemoryStore, now: number): void {
  const ago = (minutes: number) => now - minutes * minute;
  const ended = (queued: number, took: number) => ({
    queuedAt: ago(queued),
    startedAt: ago(queued) + 900,
    finishedAt: ago(queued) + 900 + took * 1000,
  });
  const change = (number: number, title: string): RunView['change'] => ({
    number,
    title,
    url: `https://github.com/acme/app/pull/${number}`,
    word: 'pull request',
  });
  store.all.runs = [
    someRun({
      id: '214',
      delivery: '0b0c3a10-c6af-11f0-9f42-4f3c6c1e9a55',
      name: 'unit',
      state: 'running',
      event: 'pull_request',
      branch: 'pr/482',
      change: change(482, 'Keep the cursor when a page is loaded again'),
      queuedAt: ago(2),
      startedAt: ago(2) + 700,
      finishedAt: undefined,
      lastLine: 'ok 118 - pages: a cursor survives new entries',
      sha: 'c0ffee254729296a45a3885639ac5e8a7f1d2b3c',
    }),
    someRun({
      id: '213',
      delivery: '0b0c3a10-c6af-11f0-9f42-4f3c6c1e9a55',
      name: 'mirror pr/482',
      kind: 'mirror',
      event: 'pull_request',
      change: change(482, 'Keep the cursor when a page is loaded again'),
      branch: 'pr/482',
      sha: 'c0ffee254729296a45a3885639ac5e8a7f1d2b3c',
      ...ended(2, 1.3),
      lastLine: 'pr/482 updated',
    }),
    someRun({
      id: '212',
      name: 'lint',
      state: 'queued',
      queuedAt: ago(3),
      startedAt: undefined,
      finishedAt: undefined,
      logBytes: undefined,
      branch: 'feature/login',
      sha: '9fceb02d0ae598e95dc970b74767f19372d61af8',
    }),
    someRun({
      id: '211',
      name: 'unit',
      state: 'waiting',
      event: 'pull_request',
      change: change(480, 'Fix the typo in the welcome mail'),
      branch: 'pr/480',
      queuedAt: ago(11),
      startedAt: undefined,
      finishedAt: undefined,
      detail: 'Waiting for somebody with write access: approve commit 4b825dc642, or comment /ok-to-test.',
    }),
    someRun({
      id: '210',
      name: 'unit',
      state: 'failure',
      branch: 'main',
      ...ended(25, 94),
      lastLine: 'not ok 41 - mail: an address with a plus sign is kept',
      detail: 'The script ended with status 1.',
    }),
    someRun({
      id: '209',
      name: 'release',
      state: 'timed-out',
      branch: 'release/2.4',
      ...ended(48, 900),
      detail: 'The script ran longer than 15m and was ended.',
    }),
    someRun({ id: '208', name: 'unit', state: 'superseded', branch: 'main', ...ended(60, 12), supersededBy: '210' }),
    someRun({
      id: '207',
      name: 'docs',
      state: 'skipped',
      repo: 'lab:mirrors/handbook',
      branch: 'main',
      event: 'push',
      ...ended(95, 0.1),
      detail: 'The push was made by sluice itself.',
    }),
    someRun({
      id: '206',
      name: 'mirror pr/77',
      kind: 'mirror',
      repo: 'lab:mirrors/handbook',
      state: 'error',
      branch: 'pr/77',
      event: 'reconcile',
      delivery: undefined,
      attempt: 5,
      attempts: 5,
      dead: true,
      ...ended(130, 31),
      detail: 'git.example.org does not answer: connection timed out. Tried 5 times in 1h20m.',
    }),
    someRun({
      id: '205',
      name: 'unit',
      state: 'cancelled',
      branch: 'spike/très-long/branch-name-that-goes-on-and-on/and-does-not-end-where-one-would-expect-it',
      ...ended(300, 62),
      lastLine: 'ok 12 - something',
    }),
    someRun({
      id: '204',
      name: 'unit',
      state: 'success',
      branch: 'main',
      ...ended(60 * 26, 88),
      lastLine: '# pass 241',
    }),
  ];
  store.all.deliveries = [
    someDelivery({
      guid: '0b0c3a10-c6af-11f0-9f42-4f3c6c1e9a55',
      event: 'pull_request',
      receivedAt: ago(2),
      runs: { running: 1, success: 1 },
      headers: sampleHeaders,
      body: samplePayload,
      bytes: samplePayload.length,
    }),
    someDelivery({
      guid: '7d2e1f64-c6ae-11f0-8a31-2c1b7a0d4410',
      event: 'push',
      receivedAt: ago(3),
      runs: { queued: 1 },
      repeats: 1,
    }),
    someDelivery({
      guid: '5a1d0c5e-c6ad-11f0-93aa-77e1b1f0c2d3',
      event: 'star',
      receivedAt: ago(8),
      result: 'ignored',
      reason: 'sluice does nothing on star',
      runs: {},
    }),
    someDelivery({
      guid: '11aa22bb-c6ac-11f0-8d0b-0a0b0c0d0e0f',
      event: 'push',
      repo: 'gh:acme/secret-project',
      receivedAt: ago(20),
      result: 'ignored',
      reason: 'gh:acme/secret-project is not configured',
      runs: {},
    }),
    someDelivery({
      guid: 'e4f5a6b7-c6ab-11f0-9c1d-1a2b3c4d5e6f',
      event: 'push',
      receivedAt: ago(25),
      runs: { failure: 1 },
    }),
  ];
  store.all.repositories = [
    {
      repo: 'gh:acme/app',
      url: 'https://github.com/acme/app',
      health: 'failing',
      detail: 'unit failed on main: The script ended with status 1.',
      lastDeliveryAt: ago(2),
      lastRun: { id: '213', state: 'success', at: ago(2) },
      lastReconciledAt: ago(6),
      queued: 1,
      running: 1,
      dead: 0,
    },
    {
      repo: 'lab:mirrors/handbook',
      url: 'https://git.example.org/mirrors/handbook',
      health: 'unreachable',
      detail: 'git.example.org does not answer: connection timed out. Is the machine up?',
      lastDeliveryAt: ago(95),
      lastRun: { id: '206', state: 'error', at: ago(130) },
      lastReconciledAt: ago(140),
      queued: 0,
      running: 0,
      dead: 1,
    },
    {
      repo: 'gh:acme/website',
      url: 'https://github.com/acme/website',
      health: 'ok',
      detail: '',
      lastDeliveryAt: ago(500),
      lastRun: { id: '198', state: 'success', at: ago(500) },
      lastReconciledAt: ago(6),
      queued: 0,
      running: 0,
      dead: 0,
    },
    {
      repo: 'https://git.example.com/other.git',
      url: undefined,
      health: 'quiet',
      detail: 'No webhook has arrived from it. Register one with sluice serve --register, or at the forge.',
      lastDeliveryAt: undefined,
      lastRun: undefined,
      lastReconciledAt: undefined,
      queued: 0,
      running: 0,
      dead: 0,
    },
  ];
  store.all.queue = [{ kind: 'mirror', state: 'dead', count: 1, oldestMs: 130 * minute }];
  textLog(store, '214', sampleLog, false);
  textLog(store, '210', `${sampleLog}\x1b[31mnot ok 41 - mail: an address with a plus sign is kept\x1b[0m\n`, true);
  textLog(store, '213', 'fetching refs/pull/482/head\npr/482 updated: 1f0e3d2c4b → c0ffee2547\n', true);
}

const sampleHeaders = {
  'content-type': 'application/json',
  'user-agent': 'GitHub-Hookshot/4f2b1d7',
  'x-github-delivery': '0b0c3a10-c6af-11f0-9f42-4f3c6c1e9a55',
  'x-github-event': 'pull_request',
  'x-hub-signature-256': 'sha256=2f0a5a1fd7a6a4e9d8d2ad51e5e6f8f0b7d5c1b3a9e7f6d5c4b3a29180706050',
};

const samplePayload = Buffer.from(
  JSON.stringify({
    action: 'synchronize',
    number: 482,
    pull_request: {
      title: 'Keep the cursor when a page is loaded again',
      head: { ref: 'keep-cursor', sha: 'c0ffee254729296a45a3885639ac5e8a7f1d2b3c' },
      draft: false,
    },
    repository: { full_name: 'acme/app', private: true },
    sender: { login: 'ann' },
  }),
);

const sampleLog = [
  '\x1b[2m$ npm ci\x1b[0m',
  'added 14 packages in 3s',
  '\x1b[2m$ npm test\x1b[0m',
  '\x1b[1mTAP version 14\x1b[0m',
  ...Array.from(
    { length: 12 },
    (_, index) =>
      `\x1b[32mok ${index + 1}\x1b[0m - pages: row ${index + 1} is where it should be \x1b[90m(${index * 3 + 2} ms)\x1b[0m`,
  ),
  '\x1b[33mwarning:\x1b[0m the fixture is older than its source',
  '\x1b[38;2;255;140;0mtrue colour\x1b[0m \x1b[38;5;141m256 colours\x1b[0m \x1b[7minverse\x1b[0m \x1b[4munderlined\x1b[0m \x1b[9mstruck\x1b[0m \x1b[3mitalic\x1b[0m \x1b[41;97m on red \x1b[0m',
  'Downloading  10%\rDownloading  55%\rDownloading 100%',
  'A long line that does not fit, because somebody printed a whole document on it: ' +
    'lorem ipsum dolor sit amet '.repeat(12),
  '',
].join('\n');
