import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadPlugins } from '../../../src/core/plugins/load.ts';
import { folder } from '../config/folder.ts';

const builtIn = { builtInCommands: ['mirror', 'config'], builtInForges: ['github', 'gitlab'] };

function plugin(name: string, rest: string): string {
  return `export default { name: '${name}', apiVersion: 1, ${rest} };`;
}

function command(name: string): string {
  return `commands: [{ name: '${name}', summary: 's', run: async () => ({ exit: 0, text: '${name}' }) }]`;
}

function rule(name: string): string {
  return `rules: [{ name: '${name}', judge: () => ({ status: 'approved', sentence: 's' }) }]`;
}

describe('plugins', () => {
  test('come from a file or a package beside the configuration, also one that only exports under "import"', async () => {
    const baseDir = folder({
      'a.mjs': plugin('a', command('one')),
      'node_modules/pkg/package.json': '{"name":"pkg","type":"module","exports":"./index.js"}',
      'node_modules/pkg/index.js': plugin('pkg', command('two')),
      'node_modules/@s/esm/package.json':
        '{"name":"@s/esm","type":"module","exports":{".":{"import":{"default":"./lib/x.js"}}}}',
      'node_modules/@s/esm/lib/x.js': plugin('@s/esm', `forges: [{ type: 'special', load: async () => ({}) }]`),
    });
    const loaded = await loadPlugins([join(baseDir, 'a.mjs'), 'pkg', '@s/esm'], { baseDir, ...builtIn });
    expect(loaded.warnings).toEqual([]);
    expect(loaded.commands.map(({ owner, command }) => [owner, command.name])).toEqual([
      ['a', 'one'],
      ['pkg', 'two'],
    ]);
    expect(loaded.forges.map(({ owner, definition }) => [owner, definition.type])).toEqual([['@s/esm', 'special']]);
  });

  test.each([
    ['a throw on import', 'throw new Error("no luck")', /^cannot be loaded: no luck$/],
    ['a syntax error', 'export default {', /^cannot be loaded: /],
    ['no default export', 'export const name = "x";', /no default export/],
    ['no name', 'export default { apiVersion: 1 };', /has no name/],
    ['another API version', 'export default { name: "x", apiVersion: 2 };', /plugin API 2, this sluice has 1/],
    ['commands that are no list', plugin('x', 'commands: {}'), /commands is not a list/],
    ['a command without run', plugin('x', 'commands: [{ name: "y", summary: "s" }]'), /"y" has no run function/],
    ['a command with a bad name', plugin('x', 'commands: [{ name: "Y y", summary: "s", run() {} }]'), /lower case/],
    [
      'an option without flags',
      plugin('x', 'commands: [{ name: "y", summary: "s", run() {}, options: [{}] }]'),
      /option without flags/,
    ],
    ['a forge without load', plugin('x', 'forges: [{ type: "y" }]'), /"y" has no load function/],
    ['notifiers', plugin('x', 'notifiers: [{}]'), /does not take/],
    ['a rule without a name', plugin('x', 'rules: [{ judge() {} }]'), /rule without a name/],
    ['a rule without judge', plugin('x', 'rules: [{ name: "y" }]'), /"y" has no judge function/],
    ['a rule with an unknown need', plugin('x', 'rules: [{ name: "y", needs: ["z"], judge() {} }]'), /needs z/],
    ["a rule with a node's name", plugin('x', 'rules: [{ name: "Y", judge() {} }]'), /lower case/],
    [
      'an import without end',
      'await new Promise((resolve) => setTimeout(resolve, 60000).unref());',
      /did not end within 0.3 s/,
    ],
  ])('%s is a warning and nothing else', async (_, source, problem) => {
    const baseDir = folder({ 'bad.mjs': source, 'good.mjs': plugin('good', command('fine')) });
    const entries = [join(baseDir, 'bad.mjs'), join(baseDir, 'good.mjs')];
    const loaded = await loadPlugins(entries, { baseDir, ...builtIn, timeoutMs: 300 });
    expect(loaded.warnings).toEqual([{ owner: join(baseDir, 'bad.mjs'), problem: expect.stringMatching(problem) }]);
    expect(loaded.commands.map(({ command }) => command.name)).toEqual(['fine']);
  });

  test('a missing package or file is a warning', async () => {
    const baseDir = folder();
    const { warnings } = await loadPlugins(['no-such-plugin', join(baseDir, 'none.js')], { baseDir, ...builtIn });
    expect(warnings.map(({ owner }) => owner)).toEqual(['no-such-plugin', join(baseDir, 'none.js')]);
  });

  test('a name that is taken is refused, naming both owners; the built-in stays', async () => {
    const baseDir = folder({
      'a.mjs': plugin('a', `${command('mirror')}, forges: [{ type: 'github', load() {} }], ${rule('approvals')}`),
      'b.mjs': plugin('b', `${command('same')}, ${rule('strict')}`),
      'c.mjs': plugin('c', `${command('same')}, ${rule('strict')}`),
      'd.mjs': plugin('d', `${command('other')}, ${rule('house')}`),
    });
    const entries = ['a', 'b', 'c', 'd'].map((name) => join(baseDir, `${name}.mjs`));
    const loaded = await loadPlugins(entries, { baseDir, ...builtIn });
    expect(loaded.commands.map(({ command }) => command.name)).toEqual(['other']);
    expect(loaded.forges).toEqual([]);
    expect(loaded.rules.map(({ owner, rule: { name } }) => [owner, name])).toEqual([['d', 'house']]);
    expect(loaded.warnings).toEqual([
      { owner: 'sluice and a', problem: 'the command "mirror" is defined by sluice and by a', command: 'mirror' },
      { owner: 'b and c', problem: 'the command "same" is defined by b and by c', command: 'same' },
      { owner: 'sluice and a', problem: 'the forge type "github" is defined by sluice and by a' },
      { owner: 'sluice and a', problem: 'the rule "approvals" is defined by sluice and by a' },
      { owner: 'b and c', problem: 'the rule "strict" is defined by b and by c' },
    ]);
  });
});
