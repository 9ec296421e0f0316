import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { changed, eventually, openServeScene, type ServeScene, secret } from './serve-scene.ts';

/** Every file below a directory that holds the text. */
async function filesWith(dir: string, text: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const name of await readdir(dir, { recursive: true })) {
    const path = join(dir, name);
    if (!(await stat(path)).isFile()) continue;
    if ((await readFile(path)).includes(text)) found.push(name);
  }
  return found;
}

async function page(url: string): Promise<string> {
  const answer = await fetch(url, { headers: { accept: 'text/html' } });
  return await answer.text();
}

async function expectHidden(scene: ServeScene, texts: readonly string[]): Promise<void> {
  for (const canary of [scene.fake.token, secret]) {
    expect(await filesWith(scene.dataDir, canary)).toEqual([]);
    for (const text of texts) expect(text).not.toContain(canary);
  }
}

test('no credential gets into the storage, a log, a page, a status, or the environment of a script', async () => {
  const mirror = { to: 'gh:mirrors/app', changes: { trust: ['author:stranger'] } };
  // Not even by name.
  const hooks = { env: ['HOOK_SECRET', 'GH_TOKEN_OF_TEST'] };
  const scene = await openServeScene({ mirror }, { public: true, hooks });
  const out = join(scene.root, 'out');
  // It is trusted, and tries what it can to print the credentials of its parent.
  const steal = 'env; tr "\\0" "\\n" < /proc/$PPID/cmdline; cat "$1"; git config --list; echo last';
  await scene.hook('pull_request-acme-app', `#!/bin/sh\n{ ${steal}; } > '${out}' 2>&1\ncat '${out}'\n`);
  const server = await scene.start(['--trust', 'author:stranger', '--repo', 'gh:acme/app', '--log-level', 'debug']);
  const change = await scene.fake.state.addChange({
    repo: 'acme/app',
    from: 'stranger/app',
    branch: 'fix',
    author: 'stranger',
  });
  await server.send(changed('opened', change));
  const run = await server.until(({ kind, state }) => kind === 'script' && state === 'success');
  await eventually(async () =>
    expect(Object.keys(await scene.statuses(change.head.sha)).sort()).toEqual([
      'pull_request-acme-app',
      'sluice/mirror',
    ]),
  );
  const pages = await Promise.all(
    ['/', `/runs/${run.id}`, '/deliveries', '/repositories'].map((path) => page(server.url + path)),
  );
  expect(pages[0]).toContain('pull_request-acme-app');
  const printed = await readFile(out, 'utf8');
  expect(printed).toContain('last');
  const shown = JSON.stringify(await scene.command('deliveries', 'list'));
  const { stdout, stderr } = await server.stop();
  const statuses = JSON.stringify(await scene.statuses(change.head.sha));
  await expectHidden(scene, [...pages, printed, shown, stdout, stderr, statuses]);
});
