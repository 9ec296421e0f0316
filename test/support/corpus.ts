import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Recorded answers and API descriptions, kept beside the checkout and not in it; tests over them skip where it is absent. */
const root = join(import.meta.dirname, '../../../shared/corpus');

export const corpusIsPresent = existsSync(root);

/** Text of one file, for example `forges/gitea/pr.json`. */
export function readCorpus(path: string): Promise<string> {
  return readFile(join(root, path), 'utf8');
}

export async function readCorpusJson(path: string): Promise<unknown> {
  return JSON.parse(await readCorpus(path));
}

/** Names of the files in one folder. */
export function listCorpus(path: string): Promise<readonly string[]> {
  return readdir(join(root, path));
}
