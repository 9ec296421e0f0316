import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { gateCommand } from '../../src/commands/gate.ts';
import { globalOptions } from '../../src/commands/global-options.ts';
import { builtInCommands } from '../../src/commands/index.ts';
import { mirrorCommand } from '../../src/commands/mirror.ts';
import { pollCommand } from '../../src/commands/poll.ts';
import { serveCommand } from '../../src/commands/serve.ts';
import { environmentKeys } from '../../src/core/config/environment.ts';
import { configJsonSchemaText } from '../../src/core/config/schema-json.ts';
import { exitStatuses } from '../../src/core/errors.ts';
import { scriptEnvironment } from '../../src/core/pipeline/environment.ts';
import type { CommandSpec, OptionSpec } from '../../src/core/plugins/command.ts';

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

/** The flags of a command and of its subcommands. */
function optionsOf({ options = [], subcommands = [] }: CommandSpec): readonly OptionSpec[] {
  return [...options, ...subcommands.flatMap(optionsOf)];
}

describe.each([
  ['docs/mirror.md', mirrorCommand],
  ['docs/poll.md', pollCommand],
  ['docs/gate.md', gateCommand],
  ['docs/serve.md', serveCommand],
])('%s', (page, command) => {
  test('explains every flag', async () => {
    const text = await read(page);
    const names = [...optionsOf(command), ...globalOptions].flatMap(flagNames);
    const missing = names.filter((name) => !new RegExp(`[\`, ]${name}[\`, ]`).test(text));
    expect(names.length).toBeGreaterThan(20);
    expect(missing).toEqual([]);
  });

  test('explains no flag that does not exist', async () => {
    const rows = [...(await read(page)).matchAll(/^\| (`-[^|]*?) \|/gm)].map(([, cell = '']) => cell);
    const known = optionsOf(command).flatMap(flagNames);
    const explained = rows.flatMap((cell) => cell.match(/--[a-z-]+/g) ?? []);
    expect(explained.filter((name) => !known.includes(name))).toEqual([]);
    expect(explained.length).toBeGreaterThan(15);
  });
});

describe('docs/poll.md', () => {
  test('explains every variable that a script of poll gets from sluice', async () => {
    const rows = tableRows(await read('docs/poll.md'), '| variable | value |');
    const explained = rows.flatMap(([cell = '']) => cell.match(/[A-Z_]+/g) ?? []);
    const facts = { run: '1', event: 'push', repo: 'r', owner: 'o', name: 'n', sha: 's', oldSha: 'o', change: 7 };
    const workspace = { dir: '/d', home: '/d/home', tmp: '/d/tmp' };
    const given = ['refs/heads/a', 'refs/tags/b'].flatMap((ref) =>
      Object.keys(scriptEnvironment({}, { facts: { ...facts, ref }, workspace })),
    );
    expect(explained.toSorted()).toEqual([...new Set(given)].sort());
  });

  test('explains every state of a run, and the exit statuses that the program has', async () => {
    const text = await read('docs/poll.md');
    const choices = optionsOf(pollCommand).find(({ flags }) => flags.startsWith('--state <'))?.choices ?? [];
    const states = tableRows(text, '| state | meaning |').flatMap(([cell = '']) => cell.match(/[a-z-]+/g) ?? []);
    expect(states.toSorted()).toEqual([...choices].sort());
    const known = [...exitStatuses.map(([status]) => status), 143];
    const told = tableRows(text.split('## Exit statuses')[1] ?? '', '| status | meaning |');
    const statuses = told.flatMap(([cell = '']) => cell.match(/\d+/g) ?? []).map(Number);
    expect(statuses.length).toBeGreaterThan(5);
    expect(statuses.filter((status) => !known.includes(status))).toEqual([]);
  });
});

describe('docs/configuration.md', () => {
  test('explains every key of every section, and every variable', async () => {
    const text = await read('docs/configuration.md');
    const schema = JSON.parse(configJsonSchemaText());
    const { forges, mirror, log, repositories, serve, gate } = schema.properties;
    const { poll } = repositories.items.properties;
    const sections = [forges.additionalProperties, mirror, log, poll, repositories.items, serve, gate];
    const keys = sections.flatMap((section) => Object.keys(section.properties));
    const names = [...keys, ...environmentKeys.map(({ name }) => name)];
    expect(names.length).toBeGreaterThan(45);
    expect(names.filter((name) => !text.includes(`\`${name}\``))).toEqual([]);
  });
});

test('every relative link of the documents leads somewhere', async () => {
  const inside = async (folder: string) =>
    (await readdir(join(root, folder), { recursive: true })).map((name) => join(folder, name));
  const names = [...(await readdir(root)), ...(await inside('docs')), ...(await inside('examples'))];
  const dead: string[] = [];
  for (const file of names.filter((name) => name.endsWith('.md'))) {
    const text = await read(file);
    for (const [, link = ''] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (!/^[a-z]+:/.test(link) && !(await leadsSomewhere(file, link))) dead.push(`${file}: ${link}`);
    }
  }
  expect(dead).toEqual([]);
});

/** The file is there, and so is the heading after `#`. */
async function leadsSomewhere(file: string, link: string): Promise<boolean> {
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? file : join(dirname(file), path);
  if (!existsSync(join(root, target))) return false;
  if (anchor === undefined) return true;
  const headings = [...(await read(target)).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => heading);
  return headings.some((heading) => slug(heading) === anchor);
}

/** As GitHub makes it from a heading. */
function slug(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
}
