import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { isolatedGitEnv } from '../support/git-repo.ts';
import { openGateSite } from './gate-site.ts';

const binary = join(import.meta.dirname, '../../bin/sluice.js');

test('git-proxy: its pre-receive.sh answers 0, 1 and 2 to the line that git-proxy writes', async () => {
  const site = await openGateSite();
  const place = join(site.root, 'git-proxy');
  await cp(join(import.meta.dirname, '../../examples/git-proxy'), place, { recursive: true });
  const config = join(place, 'sluice.yaml');
  const written = await readFile(config, 'utf8');
  expect(written).toContain('https://ghe.example.org');
  await writeFile(config, written.replace('https://ghe.example.org', site.fake.webUrl));
  const bin = join(site.root, 'bin');
  await mkdir(bin);
  await writeFile(join(bin, 'sluice'), `#!/bin/sh\nexec '${process.execPath}' '${binary}' "$@"\n`);
  await chmod(join(bin, 'sluice'), 0o755);
  const { head, base, number } = await site.propose('fix');

  async function hook(line: string) {
    const env = { ...site.env, PATH: `${bin}:${process.env.PATH}`, GHE_TOKEN: site.fake.token, SLUICE_CACHE_TTL: '0' };
    const child = spawn(join(place, 'hooks/pre-receive.sh'), { cwd: site.upstream, env: isolatedGitEnv(env) });
    child.stdin.end(line);
    const [[status], stderr] = await Promise.all([once(child, 'close'), text(child.stderr)]);
    return { status, stderr };
  }
  // As finos/git-proxy writes it, with a space before the line end.
  const line = `${base.sha} ${head.sha} refs/heads/fix \n`;

  const rejected = await hook(line);
  expect(rejected).toMatchObject({ status: 1, stderr: expect.stringContaining('[sluice] fix may not go upstream') });
  const talk = site.fake.state.about('security/app', number);
  for (const login of ['ada', 'me']) talk.review(login, 'approved');
  expect(await hook(line)).toEqual({ status: 0, stderr: '' });
  site.fake.fail({ fault: { kind: 'reset' } });
  expect(await hook(line)).toMatchObject({ status: 2 });
  expect(await hook('nonsense\n')).toMatchObject({ status: 2 });
});
