import { describe, expect, test } from 'vitest';
import { type ImportGraph, importsOf } from '../../scripts/structure/import-graph.ts';
import { findBrokenRules, layerOf } from '../../scripts/structure/import-rules.ts';

// The rules over the real tree are a part of `npm run check`; here: that they find what they are for.

function graphOf(files: Readonly<Record<string, string>>): ImportGraph {
  return new Map(Object.entries(files).map(([file, text]) => [file, importsOf(file, text)]));
}

/** Broken rules of a tree in which every file is used. */
function brokenIn(files: Readonly<Record<string, string>>): readonly string[] {
  return findBrokenRules(graphOf(files), Object.keys(files));
}

describe('importsOf', () => {
  test('finds every form of import with its line and kind', () => {
    const text = [
      "import { a } from './a.ts';",
      "import type { B } from '../b.ts';",
      "export { c } from './c.ts';",
      "export type { D } from './d.ts';",
      "const e = await import('undici');",
      "type F = import('./f.ts').F;",
      'const g = await import(name);',
      "// import './comment.ts'",
    ].join('\n');
    expect(importsOf('src/core/git/x.ts', text)).toEqual([
      { to: 'src/core/git/a.ts', line: 1, kind: 'static' },
      { to: 'src/core/b.ts', line: 2, kind: 'type' },
      { to: 'src/core/git/c.ts', line: 3, kind: 'static' },
      { to: 'src/core/git/d.ts', line: 4, kind: 'type' },
      { to: 'undici', line: 5, kind: 'lazy' },
      { to: 'src/core/git/f.ts', line: 6, kind: 'type' },
    ]);
  });
});

describe('findBrokenRules', () => {
  const allowed: readonly (readonly [string, string])[] = [
    [
      'src/core/git/run.ts',
      "import { SluiceError } from '../errors.ts'; import type { Forge } from '../forges/forge.ts';",
    ],
    [
      'src/core/mirror/plan.ts',
      "import type { Move } from '../git/ancestry.ts'; import { refs } from '../model/ref.ts';",
    ],
    [
      'src/commands/mirror.ts',
      "import { text } from './mirror-text.ts'; import { open } from '../core/app/mirror.ts';",
    ],
    ['src/commands/completion.ts', "import { globalOptions } from './global-options.ts';"],
    ['src/commands/index.ts', "export const load = () => import('./mirror.ts');"],
    ['src/cli.ts', "import { Command } from 'commander';"],
    ['src/core/http/client.ts', "import type { Dispatcher } from 'undici'; const load = () => import('undici');"],
  ];
  test.each(allowed)('%s may have: %s', (file, text) => {
    expect(brokenIn({ [file]: text })).toEqual([]);
  });

  const refused: readonly (readonly [string, string, RegExp])[] = [
    ['src/core/model/ref.ts', "import '../git/run.ts';", /^src\/core\/model\/ref\.ts:1: ground imports adapter/],
    ['src/core/errors.ts', "import type { Forge } from './forges/forge.ts';", /ground imports adapter/],
    ['src/core/git/run.ts', "import type { Plan } from '../mirror/plan.ts';", /adapter imports feature/],
    ['src/core/mirror/plan.ts', "import { open } from '../app/mirror.ts';", /feature imports app/],
    ['src/core/mirror/plan.ts', "import { runGit } from '../git/run.ts';", /gets what it needs as an argument/],
    [
      'src/core/mirror/plan.ts',
      "import type { Cycle } from '../poll/cycle.ts';",
      /feature mirror imports the feature poll/,
    ],
    ['src/core/app/mirror.ts', "import '../../commands/mirror.ts';", /app imports command/],
    ['src/commands/mirror.ts', "import { main } from '../cli/print.ts';", /command imports edge/],
    ['src/commands/poll.ts', "import { run } from './mirror.ts';", /command poll imports another one/],
    ['src/commands/mirror.ts', "import { builtInCommands } from './index.ts';", /or the list of all/],
    ['src/commands/index.ts', "import { mirrorCommand } from './mirror.ts';", /commands are loaded lazily/],
    ['src/commands/mirror.ts', "import { Command } from 'commander';", /only src\/cli\/ imports commander/],
    [
      'src/core/mirror/send.ts',
      "import type { SimpleGit } from 'simple-git';",
      /only src\/core\/git\/ imports simple-git/,
    ],
    ['src/core/forges/github/api.ts', "await import('undici');", /only src\/core\/http\/ imports undici/],
    [
      'src/core/app/mirror.ts',
      "await import('cosmiconfig/dist/Explorer.js');",
      /only src\/core\/config\/ imports cosmiconfig/,
    ],
    ['src/commands/mirror.ts', "await import('ora');", /only src\/core\/ui\/ imports ora/],
    ['src/core/http/client.ts', "import { request } from 'undici';", /undici is imported where it is used/],
    [
      'src/core/git/wire/transport.ts',
      "import { request } from 'node:https';",
      /node:https is imported where it is used/,
    ],
    ['src/core/git/run.ts', "import '../../../test/support/git-repo.ts';", /src\/ imports test\/support\/git-repo\.ts/],
    ['src/core/attic/things.ts', 'export const a = 1;', /is in no room/],
  ];
  test.each(refused)('%s may not have: %s', (file, text, sentence) => {
    expect(brokenIn({ [file]: text })).toEqual([expect.stringMatching(sentence)]);
  });

  test('a cycle is told as the way round it', () => {
    const files = {
      'src/core/git/a.ts': "import type { B } from './b.ts';",
      'src/core/git/b.ts': "import './c.ts';",
      'src/core/git/c.ts': "import './a.ts';",
    };
    expect(brokenIn(files)).toEqual([
      expect.stringContaining('src/core/git/a.ts → src/core/git/b.ts → src/core/git/c.ts → src/core/git/a.ts'),
    ]);
  });

  test('a file that only tests use is found', () => {
    const graph = graphOf({ 'src/cli.ts': "import './core/used.ts';", 'src/core/used.ts': '', 'src/core/left.ts': '' });
    expect(findBrokenRules(graph, ['src/cli.ts'])).toEqual([
      expect.stringMatching(/^src\/core\/left\.ts:1: nothing but tests/),
    ]);
  });
});

test('layerOf knows every room', () => {
  const files = ['model/ref.ts', 'errors.ts', 'lock.ts', 'forges/github/api.ts', 'gate/rules.ts', 'app/mirror.ts'];
  const layers = files.map((file) => layerOf(`src/core/${file}`));
  expect(layers).toEqual(['ground', 'ground', 'adapter', 'adapter', 'feature', 'app']);
});
