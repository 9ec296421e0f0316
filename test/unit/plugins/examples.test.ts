import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { forgeOptions, forgeSettings } from '../../../src/core/config/forges.ts';
import { loadConfig } from '../../../src/core/config/load.ts';
import { loadPlugins } from '../../../src/core/plugins/load.ts';

async function example(name: string) {
  const cwd = fileURLToPath(new URL(`../../../examples/${name}`, import.meta.url));
  // Named, because it came with the clone.
  const { config } = await loadConfig({ cwd, env: {}, file: 'sluice.yaml' });
  const builtIn = { builtInCommands: ['mirror'], builtInForges: ['github'] };
  return { config, ...(await loadPlugins(config.plugins, { baseDir: config.baseDir, ...builtIn })) };
}

describe('the examples', () => {
  test('plugin-command brings one command', async () => {
    const { commands, warnings } = await example('plugin-command');
    expect(warnings).toEqual([]);
    expect(commands.map(({ owner, command }) => [owner, command.name])).toEqual([['whereis-example', 'whereis']]);
  });

  test('plugin-forge lists change requests of a real server, with its token and without others', async () => {
    const entry = { number: 7, title: 'Fix', author: 'ann', branch: 'fix', sha: 'a'.repeat(40), base: 'main' };
    const server = createServer((request, response) => {
      if (request.headers.authorization !== 'Bearer canary-s3cret') response.writeHead(401).end();
      else response.end(JSON.stringify({ 'acme/app': [{ ...entry, number: 9 }, entry] }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      server.close();
    });
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

    const { config, forges, warnings } = await example('plugin-forge');
    expect(warnings).toEqual([]);
    const definition = forges[0]?.definition;
    const settings = forgeSettings(config, {});
    const plain = { ...settings.plain, url, token: { env: 'INDEX_TOKEN' } } as NonNullable<typeof settings.plain>;
    const options = await forgeOptions('plain', { plain }, { env: { INDEX_TOKEN: 'canary-s3cret' }, cwd: '/' });
    const forge = (await definition?.load())?.create(options, {});
    expect((await forge?.changes?.listOpen('acme/app'))?.map(({ number }) => number)).toEqual([7, 9]);
    expect(await forge?.changes?.find('acme/app', 7)).toMatchObject({ head: { branch: 'fix', sha: entry.sha } });
    expect(await forge?.changes?.find('acme/app', 8)).toBeUndefined();
    expect(forge?.repoOf(`${url}/acme/app.git`)).toBe('acme/app');
    expect(forge?.repositories).toBeUndefined();
    await expect(forge?.changes?.listOpen('acme/none')).rejects.toMatchObject({ code: 'not-found' });
    const stranger = (await definition?.load())?.create({ ...options, token: undefined }, {});
    await expect(stranger?.changes?.listOpen('acme/app')).rejects.toMatchObject({ code: 'denied' });
  });
});
