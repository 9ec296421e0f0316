import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { globalOptions } from '../../src/commands/global-options.ts';
import { builtInCommands } from '../../src/commands/index.ts';
import { mirrorCommand } from '../../src/commands/mirror.ts';
import { environmentKeys } from '../../src/core/config/environment.ts';
import { configJsonSchemaText } from '../../src/core/config/schema-json.ts';
import { exitStatuses } from '../../src/core/errors.ts';
import type { OptionSpec } from '../../src/core/plugins/command.ts';

const root = join(import.meta.dirname, '../..');
const read = (path: string) => readFile(join(root, path), 'utf8');

/** `-c, --config <file>` → `-c`, `--config`. */
function flagNames({ flags }: OptionSpec): readonly string[] {
  return flags.match(/(?<=^|[ ,])--?[A-Za-z][\w-]*/g) ?? [];
}

/** Rows of the first Markdown table with this head, as texts of their cells. */
function tableRows(text: string, head: string): readonly (readonly string[])[] {
  const [, after = ''] = text.split(`${head}\n`);
  const lines = after.split('\n').slice(1);
  const rows = lines.slice(
    0,
    lines.findIndex((line) => !line.startsWith('|')),
  );
  return rows.map((row) =>
    row
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  );
}

describe('README.md', () => {
  test('has the table of exit statuses that the program has', async () => {
    const rows = tableRows(await read('README.md'), '| status | meaning |');
    expect(rows).toEqual(exitStatuses.map(([status, meaning]) => [String(status), meaning]));
  });

  test('says of each planned command whether it exists', async () => {
    const rows = tableRows(await read('README.md'), '| command | what it does | state |');
    const names = builtInCommands.map(({ name }) => name);
    for (const [command = '', , state] of rows) {
      const name = /sluice (\w+)/.exec(command)?.[1] ?? '';
      expect([name, state]).toEqual([name, names.includes(name) ? 'works' : 'planned, not in this version']);
    }
    expect(rows).toHaveLength(4);
  });
});

describe('docs/mirror.md', () => {
  test('explains every flag', async () => {
    const text = await read('docs/mirror.md');
    const names = [...(mirrorCommand.options ?? []), ...globalOptions].flatMap(flagNames);
    const missing = names.filter((name) => !new RegExp(`[\`, ]${name}[\`, ]`).test(text));
    expect(names.length).toBeGreaterThan(20);
    expect(missing).toEqual([]);
  });

  test('explains no flag that does not exist', async () => {
    const rows = [...(await read('docs/mirror.md')).matchAll(/^\| (`--[^|]*?) \|/gm)].map(([, cell = '']) => cell);
    const known = (mirrorCommand.options ?? []).flatMap(flagNames);
    const explained = rows.flatMap((cell) => cell.match(/--[a-z-]+/g) ?? []);
    expect(explained.filter((name) => !known.includes(name))).toEqual([]);
    expect(explained.length).toBeGreaterThan(15);
  });
});

describe('docs/configuration.md', () => {
  test('explains every key of forges, mirror and log, and every variable', async () => {
    const text = await read('docs/configuration.md');
    const schema = JSON.parse(configJsonSchemaText());
    const { forges, mirror, log } = schema.properties;
    const keys = [forges.additionalProperties, mirror, log].flatMap((section) => Object.keys(section.properties));
    const names = [...keys, ...environmentKeys.map(({ name }) => name)];
    expect(names.length).toBeGreaterThan(25);
    expect(names.filter((name) => !text.includes(`\`${name}\``))).toEqual([]);
  });
});

test('every relative link of the documents leads somewhere', async () => {
  const folders = ['.', 'docs', 'examples', 'examples/plugin-command', 'examples/plugin-forge'];
  const lists = await Promise.all(
    folders.map(async (folder) => (await readdir(join(root, folder))).map((name) => join(folder, name))),
  );
  const dead: string[] = [];
  for (const file of lists.flat().filter((name) => name.endsWith('.md'))) {
    for (const [, link = ''] of (await read(file)).matchAll(/\]\(([^)#\s]+)[^)]*\)/g)) {
      if (!/^[a-z]+:/.test(link) && !existsSync(join(root, dirname(file), link))) dead.push(`${file}: ${link}`);
    }
  }
  expect(dead).toEqual([]);
});
