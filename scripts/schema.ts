// Writes schema/sluice.schema.json from the configuration's zod schema; with --check only says whether it is up to date.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { configJsonSchemaText } from '../src/core/config/schema-json.ts';

const path = fileURLToPath(new URL('../schema/sluice.schema.json', import.meta.url));
const wanted = configJsonSchemaText();
const present = await readFile(path, 'utf8').catch(() => '');

if (present === wanted) {
  console.log('schema/sluice.schema.json is up to date');
} else if (process.argv.includes('--check')) {
  console.error('schema/sluice.schema.json is out of date: run node scripts/schema.ts');
  process.exitCode = 1;
} else {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, wanted);
  console.log('schema/sluice.schema.json written');
}
