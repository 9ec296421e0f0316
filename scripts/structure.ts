// Checks how the sources hang together: who may import whom, cycles, unused files, and the length of files.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readImportGraph } from './structure/import-graph.ts';
import { findBrokenRules } from './structure/import-rules.ts';

const root = join(import.meta.dirname, '..');
const longestFile = 300;
const entries = ['src/cli.ts', 'src/index.ts', 'src/cli/answers.ts', 'scripts/schema.ts'];

const graph = await readImportGraph(root, ['src', 'scripts', 'bench']);
const broken = [...findBrokenRules(graph, entries), ...(await longFiles([...graph.keys()]))];
for (const line of broken) console.error(line);
console.log(`${graph.size} files, ${broken.length} broken rules`);
if (broken.length > 0) process.exitCode = 1;

async function longFiles(files: readonly string[]): Promise<readonly string[]> {
  const texts = await Promise.all(files.map(async (file) => [file, await readFile(join(root, file), 'utf8')] as const));
  return texts.flatMap(([file, text]) => {
    const lines = text.split('\n').length - 1;
    return lines > longestFile
      ? [`${file}:${longestFile}: has ${lines} lines, more than ${longestFile}: split it`]
      : [];
  });
}
